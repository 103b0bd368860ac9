// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletWire
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#endif

/// Why a connection ended.
package enum ConnectionEnd: Hashable, Sendable, CustomStringConvertible {
    case closedByPeer
    /// We wanted no more of it.
    case closedHere
    /// A newer connection of the same principal, or of a stranger, took its place.
    case replaced
    /// The handshake was not over in time.
    case handshakeTooSlow
    /// The handshake was refused, by whichever end listens.
    case refused(HelloRefusal, String)
    /// The peer read too slowly, and too much was waiting for it.
    case queueFull
    /// Too much waited for the rest of frames, and this one's was begun long ago.
    case unfinishedFrame
    /// The peer sent what no peer may send.
    case misbehaved(FrameError)
    /// The network, the security layer or a decoder says so.
    case failed(String)

    package var description: String {
        switch self {
        case .closedByPeer: "the peer closed the connection"
        case .closedHere: "closed here"
        case .replaced: "a newer connection took its place"
        case .handshakeTooSlow: "the handshake took too long"
        case .refused(_, let text): "refused: \(text)"
        case .queueFull: "the peer reads too slowly"
        case .unfinishedFrame: "too many frames were left unfinished"
        case .misbehaved(let error): "the peer sent \(error)"
        case .failed(let reason): reason
        }
    }

    init(_ error: any Error) {
        switch error {
        case let error as NIOConnectionError:
            self = Self.unconnected(error)
        case let error as IOError:
            self = .failed(Self.words(error))
        case ChannelError.connectTimeout:
            self = .failed("nobody answers")
        case NIOSSLError.uncleanShutdown:
            self = .closedByPeer
        case NIOSSLError.handshakeFailed:
            self = .failed("the TLS handshake failed: \(error)")
        default:
            self = .failed("\(error)")
        }
    }

    private static func unconnected(_ error: NIOConnectionError) -> ConnectionEnd {
        guard let attempt = error.connectionErrors.first else {
            return .failed("the name \(error.host) cannot be resolved")
        }
        return ConnectionEnd(attempt.error)
    }

    private static func words(_ error: IOError) -> String {
        switch error.errnoCode {
        case ECONNREFUSED: "nobody listens there (connection refused)"
        case ECONNRESET, EPIPE: "the connection was reset"
        case ETIMEDOUT: "the peer no longer answers"
        case EHOSTUNREACH, ENETUNREACH: "there is no way to it"
        case EMFILE, ENFILE: "too many files are open"
        default: error.description
        }
    }
}
