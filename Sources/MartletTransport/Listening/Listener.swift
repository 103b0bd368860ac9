// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Accepts connections of replicas and clients at one address. Its connections are spread over the event loops given.
package final class Listener: Sendable {
    private let core: ListenerCore
    private let group: any EventLoopGroup
    private let channel = Mutex<(any Channel)?>(nil)

    package init(
        configuration: TransportConfiguration, identity: TLSIdentity, group: any EventLoopGroup,
        handlers: ListenerHandlers, logger: Logger
    ) {
        core = ListenerCore(configuration: configuration, identity: identity, handlers: handlers, logger: logger)
        self.group = group
    }

    /// Begins to listen; port 0 takes any free one. Throws when the address cannot be had.
    package func start(host: String, port: Int) async throws(ListenError) {
        DescriptorLimit.raise(for: core.configuration, core.logger)
        do {
            let bound = try await bind(host: host, port: port)
            channel.withLock { $0 = bound }
        } catch {
            throw ListenError(error)
        }
    }

    private func bind(host: String, port: Int) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { [core] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(logger: core.logger))
                }
            }
            .childChannelInitializer { [core] channel in
                channel.eventLoop.makeCompletedFuture { try Self.assemble(channel, core) }
            }
            .bind(host: host, port: port).get()
    }

    /// The port that is listened at; nil before `start`.
    package var localPort: Int? { channel.withLock { $0?.localAddress?.port } }

    /// Accepts no more, lets every connection send what is queued (within `closeTimeMax`), and returns when all are gone.
    package func close() async {
        let listening = channel.withLock { $0 }
        do {
            try await listening?.close().get()
        } catch {
            core.logger.debug("the listening socket was closed already: \(error)")
        }
        await core.closeAll()
    }

    /// How many connections there are: of strangers in their handshake, of clients, of replicas.
    package var connectionCounts: (unfinished: Int, clients: Int, replicas: Int) { core.counts }

    private static func assemble(_ channel: any Channel, _ core: ListenerCore) throws {
        guard let id = core.nextID() else { throw ChannelError.eof }
        try ConnectionOptions.apply(to: channel, core.configuration)
        let check = PeerKeyCheck(expected: nil)
        let counters = LinkCounters()
        let session = InboundSession(
            id: id, check: check, remoteAddress: channel.remoteAddress?.description ?? "an unknown address",
            counters: counters, core: core)
        let handler = FrameHandler(owner: session, counters: counters)
        if core.configuration.security == .tls {
            let security = NIOSSLServerHandler(context: core.identity.context) { chain, answer in
                check.judge(chain, answer: answer)
            }
            try channel.pipeline.syncOperations.addHandler(security)
        }
        try channel.pipeline.syncOperations.addHandler(handler)
        // Last, since only a handler in its pipeline tells of its end.
        core.add(NIOLoopBound(handler, eventLoop: channel.eventLoop), id)
        session.limitHandshake(of: handler, on: channel.eventLoop)
    }
}
