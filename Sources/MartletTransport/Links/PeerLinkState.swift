// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
package import MartletWire

/// How a link stands. The link keeps trying in every state but `closed`; `refused` and `failed` last until it is
/// connected again, so that whoever asks always hears the reason.
package enum PeerLinkState: Hashable, Sendable, CustomStringConvertible {
    /// The first attempt is under way.
    case connecting
    /// `view` is the newest that the peer knows.
    case connected(view: ViewNumber)
    /// The peer answered, and wants no connection: the reason it gave, and how many attempts in a row came to nothing.
    case refused(HelloRefusal, text: String, attempts: Int)
    /// No connection could be made, or it was lost.
    case failed(reason: String, attempts: Int)
    case closed

    package var description: String {
        switch self {
        case .connecting: "connecting"
        case .connected: "connected"
        case .refused(_, let text, let attempts): "refused: \(text)\(Self.count(attempts))"
        case .failed(let reason, let attempts): "not connected: \(reason)\(Self.count(attempts))"
        case .closed: "closed"
        }
    }

    private static func count(_ attempts: Int) -> String { attempts > 1 ? " (\(attempts) attempts)" : "" }
}
