// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCrypto
import MartletReplica
import MartletTransport
import MartletTypes
import MartletWire
import NIOPosix
import Synchronization

/// Listens where a member of the group should, with its key, and does what a test says.
final class ScriptedMember: Sendable {
    typealias Deed = @Sendable (InboundConnection) -> Void

    private let listener: Listener
    private let shared = Shared()

    /// In the place of a member of the genesis.
    convenience init(
        _ place: Int, of group: TestGroup, view: ViewNumber = .genesis, onOpen: @escaping Deed = { _ in },
        onMessage: @escaping @Sendable (PeerMessage, InboundConnection) -> Void = { _, _ in }
    ) async throws {
        try await self.init(
            key: group.keys[place], port: group.genesis.members[place].port, view: view, onOpen: onOpen,
            onMessage: onMessage)
    }

    /// Accepts every replica; `onOpen` is called when one has connected, `onMessage` for each message.
    init(
        key: SigningKey, port: Int, view: ViewNumber = .genesis, onOpen: @escaping Deed = { _ in },
        onMessage: @escaping @Sendable (PeerMessage, InboundConnection) -> Void = { _, _ in }
    ) async throws {
        let shared = shared
        let handlers = ListenerHandlers(
            authenticate: { _, _ in .accepted(version: 1, view: view) },
            onOpen: { connection in
                shared.connections.withLock { $0.append(connection) }
                onOpen(connection)
            },
            onFrames: { connection, batch in
                batch.forEach { span in
                    do {
                        let message = try PeerMessage(decoding: span)
                        shared.messages.withLock { $0.append(message) }
                        onMessage(message, connection)
                    } catch {
                        preconditionFailure("a replica sent garbage: \(error)")
                    }
                }
            },
            onClose: { _, _ in })
        listener = Listener(
            configuration: TransportConfiguration(), identity: try TLSIdentity(seed: key.seed),
            group: MultiThreadedEventLoopGroup.singleton, handlers: handlers,
            logger: Logger(label: "member") { _ in SwiftLogNoOpLogHandler() })
        try await listener.start(host: "127.0.0.1", port: port)
    }

    private final class Shared: Sendable {
        let messages = Mutex<[PeerMessage]>([])
        let connections = Mutex<[InboundConnection]>([])
    }

    var messages: [PeerMessage] { shared.messages.withLock { $0 } }
    var connections: [InboundConnection] { shared.connections.withLock { $0 } }

    func close() async { await listener.close() }
}

/// Dials a member as a replica, and keeps what comes back.
final class DialledReplica: Sendable {
    private final class Kept: Sendable {
        let frames = Mutex<[PeerMessage]>([])
        let states = Mutex<[PeerLinkState]>([])
    }

    private let link: PeerLink
    private let kept = Kept()

    init(
        as replica: ReplicaID, key: SigningKey, knowing view: ViewNumber, to place: Int, of group: TestGroup
    ) throws {
        let member = group.genesis.members[place]
        let target = PeerLinkTarget(
            name: "member", host: member.host, port: member.port, key: member.key,
            hello: Hello(group: try group.view.group, role: .replica(replica), view: view),
            frameBytesMax: Limits.viewChainFrameBytes.max)
        link = PeerLink(
            configuration: TransportConfiguration(), identity: try TLSIdentity(seed: key.seed), target: target,
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            handlers: PeerLinkHandlers(
                onState: { [kept] state in kept.states.withLock { $0.append(state) } },
                onFrames: { [kept] batch in
                    batch.forEach { span in
                        do {
                            let message = try PeerMessage(decoding: span)
                            kept.frames.withLock { $0.append(message) }
                        } catch {
                            preconditionFailure("a member sent garbage: \(error)")
                        }
                    }
                }),
            jitterSeed: 3, logger: Logger(label: "peer") { _ in SwiftLogNoOpLogHandler() })
        link.start()
    }

    var messages: [PeerMessage] { kept.frames.withLock { $0 } }
    var states: [PeerLinkState] { kept.states.withLock { $0 } }

    /// All that was told, in order.
    var certificates: [ViewCertificate] {
        messages.flatMap { message -> [ViewCertificate] in
            if case .views(let part) = message { return part.certificates }
            return []
        }
    }

    func send(_ messages: [PeerMessage]) { link.send(messages.map { $0.encoded() }) }
    func close() async { await link.close() }
}

/// Waits for what another thread does, at most ten seconds.
func eventually(_ isSo: () -> Bool) async throws -> Bool {
    for _ in 0..<1_000 {
        if isSo() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return isSo()
}
