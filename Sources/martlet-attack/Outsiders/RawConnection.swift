// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTransport
import MartletTypes
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A connection that writes what it is told to, whatever the other end makes of it.
struct RawConnection: Sendable {
    private let channel: any Channel
    /// What went out beneath TLS, from the first byte on.
    let recorded: Recording

    /// With an identity it speaks TLS, without one plain TCP.
    init(to port: Int, identity: TLSIdentity? = nil) async throws {
        let recorded = Recording()
        self.recorded = recorded
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let identity else { return }
                    try channel.pipeline.syncOperations.addHandler(RecordingHandler(recording: recorded))
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: identity.context, serverHostname: nil) {
                            $1.succeed(.certificateVerified)
                        })
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    var isOpen: Bool { channel.isActive }

    func write(_ bytes: Bytes) {
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    func close() { channel.close(promise: nil) }

    /// A frame's length before its content, as it should be.
    static func frame(_ content: Bytes) -> Bytes { header(UInt32(content.count)) + content }

    static func header(_ length: UInt32) -> Bytes { withBigEndianBytes(length) }

    private static func withBigEndianBytes(_ value: UInt32) -> Bytes {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
}

/// Bytes as they went over a wire.
final class Recording: Sendable {
    private static let bytesMax = 1 << 16
    private let kept = Mutex<Bytes>([])

    var bytes: Bytes { kept.withLock { $0 } }

    func add(_ bytes: Bytes) {
        kept.withLock { kept in
            if kept.count < Self.bytesMax { kept += bytes }
        }
    }
}

private final class RecordingHandler: ChannelOutboundHandler, Sendable {
    typealias OutboundIn = ByteBuffer
    private let recording: Recording

    init(recording: Recording) { self.recording = recording }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        recording.add(Bytes(buffer: unwrapOutboundIn(data)))
        context.write(data, promise: promise)
    }
}
