// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import MartletRelay

@Suite("Relay", .timeLimit(.minutes(2)))
struct RelayTests {
    private static let group = MultiThreadedEventLoopGroup.singleton

    /// Sends back what it is sent.
    private static func echo() async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Echo()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private static func dial(_ port: Int, _ inbox: Inbox) async throws -> any Channel {
        try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Reader(inbox)) }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    private static func route(_ server: any Channel, there: RelayDelay, back: RelayDelay) throws -> RelayRoute {
        RelayRoute(port: try #require(server.localAddress?.port), there: there, back: back)
    }

    private static func delay(_ milliseconds: UInt64) -> RelayDelay { RelayDelay(base: .milliseconds(milliseconds)) }

    @Test("What is sent comes back after both ways, whole and in order")
    func delays() async throws {
        let (server, relay, inbox) = (try await Self.echo(), Relay(), Inbox())
        let port = try await relay.open(Self.route(server, there: Self.delay(60), back: Self.delay(40)))
        let client = try await Self.dial(port, inbox)
        let sent = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let start = ContinuousClock.now
        for piece in stride(from: 0, to: sent.count, by: 10_000) {
            try await client.writeAndFlush(ByteBuffer(bytes: sent[piece..<piece + 10_000])).get()
        }
        try await inbox.wait(for: sent.count)
        #expect(inbox.firstAt - start >= .milliseconds(100) && inbox.firstAt - start < .milliseconds(1_000))
        #expect(inbox.bytes == sent)
        #expect(relay.counts.connections == 1 && relay.counts.bytes == 2 * sent.count)
        try await client.close().get()
        await relay.close()
        try await server.close().get()
    }

    @Test("What changes the delay of a link begins and ends when it is to")
    func troubles() async throws {
        let slow = RelayDelay(
            base: .milliseconds(1),
            troubles: [
                .init(
                    begin: .milliseconds(400), end: .milliseconds(800),
                    kind: .slow(by: .milliseconds(100), spread: .milliseconds(20)))
            ])
        var random = SystemRandomNumberGenerator()
        let begun = Instant.zero + .seconds(5)
        func took(_ milliseconds: UInt64, _ begun: Instant?) -> Interval {
            let now = Instant.zero + .seconds(5) + .milliseconds(milliseconds)
            return slow.arrival(at: now, begun: begun, using: &random).since(now)
        }
        #expect(took(500, nil) == .milliseconds(1) && took(399, begun) == .milliseconds(1))
        #expect(took(400, begun) >= .milliseconds(101) && took(799, begun) <= .milliseconds(121))
        #expect(took(800, begun) == .milliseconds(1))
        let held = RelayDelay(
            base: .milliseconds(1),
            troubles: [.init(begin: .zero, end: .milliseconds(300), kind: .held)])
        let arrival = held.arrival(at: begun + .milliseconds(10), begun: begun, using: &random)
        #expect(arrival == begun + .milliseconds(300))
    }

    @Test("Jitter never makes later bytes overtake earlier ones")
    func jitter() async throws {
        let (server, relay, inbox) = (try await Self.echo(), Relay(), Inbox())
        let wild = RelayDelay(base: .milliseconds(1), jitter: .milliseconds(30))
        let port = try await relay.open(Self.route(server, there: wild, back: wild))
        let client = try await Self.dial(port, inbox)
        for number in 0..<100 as Range<UInt8> {
            try await client.writeAndFlush(ByteBuffer(bytes: [number])).get()
            try await Task.sleep(for: .milliseconds(1))
        }
        try await inbox.wait(for: 100)
        #expect(inbox.bytes == Array(0..<100))
        try await client.close().get()
        await relay.close()
        try await server.close().get()
    }

    @Test("An end that closes closes the other, after what it had sent")
    func closing() async throws {
        let (relay, inbox) = (Relay(), Inbox())
        let server = try await ServerBootstrap(group: Self.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Farewell()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try await relay.open(Self.route(server, there: Self.delay(1), back: Self.delay(50)))
        let client = try await Self.dial(port, inbox)
        try await client.closeFuture.get()
        #expect(inbox.bytes == [1, 2, 3])
        await relay.close()
        try await server.close().get()
    }

    @Test("Where nobody listens, whoever dials is closed")
    func nobody() async throws {
        let server = try await Self.echo()
        let (relay, inbox) = (Relay(), Inbox())
        let route = try Self.route(server, there: Self.delay(1), back: Self.delay(1))
        try await server.close().get()
        let client = try await Self.dial(try await relay.open(route), inbox)
        try await client.closeFuture.get()
        #expect(inbox.bytes.isEmpty && relay.counts.connections == 0)
        await relay.close()
    }
}

/// What a client has been sent.
private final class Inbox: Sendable {
    private let state = Mutex<(bytes: [UInt8], firstAt: ContinuousClock.Instant?)>(([], nil))

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var firstAt: ContinuousClock.Instant { state.withLock { $0.firstAt ?? .now } }

    func add(_ buffer: ByteBuffer) {
        state.withLock { state in
            if state.firstAt == nil { state.firstAt = .now }
            state.bytes.append(contentsOf: buffer.readableBytesView)
        }
    }

    func wait(for count: Int) async throws {
        while state.withLock({ $0.bytes.count < count }) { try await Task.sleep(for: .milliseconds(5)) }
    }
}

private final class Reader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let inbox: Inbox

    init(_ inbox: Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { inbox.add(unwrapInboundIn(data)) }
}

private final class Echo: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(unwrapInboundIn(data)), promise: nil)
    }
}

/// Sends three bytes and closes.
private final class Farewell: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [1, 2, 3])), promise: nil)
        context.close(promise: nil)
    }
}
