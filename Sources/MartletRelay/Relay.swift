// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import NIOCore
import NIOPosix
import Synchronization

/// Stands between processes of one machine and makes the links between them long: whoever connects to one of its ports
/// is connected to that port's target, and what either end sends reaches the other late. Bytes are passed on as they are
/// and in order; a connection that one end closes is closed at the other as late.
///
/// What the relay cannot imitate is a network that loses packets or carries few: each end is told at once that the relay
/// has its bytes.
package final class Relay: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let begun = Mutex<Instant?>(nil)
    private let listeners = Mutex<[any Channel]>([])
    private let counters = RelayCounters()

    package init() { group = MultiThreadedEventLoopGroup(numberOfThreads: 1) }

    /// Begins to listen on a port of this machine, which is returned; 0 takes any free one.
    package func open(_ route: RelayRoute, port: Int = 0) async throws -> Int {
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.join(channel, to: route) }
            }
            .bind(host: "127.0.0.1", port: port).get()
        listeners.withLock { $0.append(listener) }
        guard let port = listener.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return port
    }

    /// From now on the troubles of links are timed.
    package func begin() { begun.withLock { $0 = Self.now } }

    package var counts: RelayCounts { counters.read() }

    /// Closes all ports and connections.
    package func close() async {
        let open = listeners.withLock { listeners in
            defer { listeners = [] }
            return listeners
        }
        for listener in open { listener.close(promise: nil) }
        await withCheckedContinuation { continuation in
            group.shutdownGracefully { _ in continuation.resume() }
        }
    }

    static var now: Instant { Instant(NIODeadline.now().uptimeNanoseconds) }

    /// Connects to the target; both ends are read from once they are joined.
    private func join(_ dialling: any Channel, to route: RelayRoute) throws {
        let clock: @Sendable () -> Instant? = { self.begun.withLock { $0 } }
        let near = RelayEnd(delay: route.there, begun: clock, counters: counters)
        try dialling.pipeline.syncOperations.addHandler(near)
        let ends = NIOLoopBound((near, dialling), eventLoop: dialling.eventLoop)
        ClientBootstrap(group: dialling.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: route.host, port: route.port)
            .whenComplete { result in
                let (near, dialling) = ends.value
                guard case .success(let target) = result, dialling.isActive else {
                    if case .success(let target) = result { target.close(promise: nil) }
                    return dialling.close(promise: nil)
                }
                let far = RelayEnd(delay: route.back, begun: clock, counters: self.counters)
                do {
                    try target.pipeline.syncOperations.addHandler(far)
                } catch {
                    target.close(promise: nil)
                    return dialling.close(promise: nil)
                }
                self.counters.joined()
                near.join(to: target)
                far.join(to: dialling)
            }
    }
}

/// Whom one port leads to, and how far that is.
package struct RelayRoute: Hashable, Sendable {
    package let host: String
    package let port: Int
    /// From whoever dials to the target.
    package let there: RelayDelay
    package let back: RelayDelay

    package init(host: String = "127.0.0.1", port: Int, there: RelayDelay, back: RelayDelay) {
        self.host = host
        self.port = port
        self.there = there
        self.back = back
    }
}
