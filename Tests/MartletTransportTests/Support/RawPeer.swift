// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import NIOCore
import NIOPosix
import NIOSSL

@testable import MartletTransport

/// A peer that does not keep to our rules: it writes what it is told to, and records what comes back.
struct RawPeer: Sendable {
    let channel: any Channel
    let received = Recorder<Bytes>()

    /// With an identity it speaks TLS, without one plain TCP.
    init(to port: Int, identity: TLSIdentity? = nil, reads: Bool = true) async throws {
        channel = try await ClientBootstrap(group: loops)
            .channelOption(.autoRead, value: reads || identity != nil)
            .channelInitializer { [received] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let identity {
                        let security = try NIOSSLClientHandler(context: identity.context, serverHostname: nil) {
                            $1.succeed(.certificateVerified)
                        }
                        try channel.pipeline.syncOperations.addHandler(security)
                    }
                    try channel.pipeline.syncOperations.addHandler(RawHandler(received: received))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    func write(_ bytes: Bytes) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get() }

    /// Returns when the other end has closed the connection.
    func waitForEnd() async throws { try await channel.closeFuture.get() }

    func close() async throws {
        do {
            try await channel.close().get()
        } catch ChannelError.alreadyClosed {
            // The other end was quicker.
        }
    }
}

private final class RawHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let received: Recorder<Bytes>

    init(received: Recorder<Bytes>) { self.received = received }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.record(Bytes(buffer: unwrapInboundIn(data)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// A listener that does not keep to our rules: it answers whatever arrives with the same bytes.
struct RawListener: Sendable {
    let channel: any Channel
    let answers: Bool
    var port: Int { channel.localAddress?.port ?? 0 }

    init(answer: Bytes) async throws {
        answers = !answer.isEmpty
        channel = try await ServerBootstrap(group: loops)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler(answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }
}

private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let answer: Bytes

    init(answer: Bytes) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
    }
}
