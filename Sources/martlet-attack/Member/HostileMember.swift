// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTransport
import MartletTypes
import MartletWire

/// A member of the group whose messages are altered on their way out: its core is a correct replica's and does not know.
/// Joins transport and stages by itself, so that no replica has a place where one could make it lie.
final class HostileMember: Sendable {
    private let access: AttackAccess
    private let me: ReplicaIndex
    private let orders: Orders
    private let loops = EventLoops(threadCount: 1)
    private let task: LoopTask
    private let inbox: Inbox
    private let listener: Listener
    private let links: [PeerLink?]
    private let makeStages: @Sendable (Inbox) -> MemberStages

    init(
        access: AttackAccess, replica: ReplicaID, behaviour: any Behaviour & Sendable, orders: Orders
    ) throws {
        guard let me = access.view.index(of: replica) else {
            throw ViewError("\(replica) is no member of the group")
        }
        let logger = Logger(label: "member") { _ in SwiftLogNoOpLogHandler() }
        self.access = access
        self.me = me
        self.orders = orders
        task = LoopTask(eventLoop: loops.next())
        inbox = Inbox(task: task)
        listener = Listener(
            configuration: TransportConfiguration(), identity: access.identity, group: loops.group,
            handlers: Self.handlers(access, inbox), logger: logger)
        let links = Self.links(access, me, inbox, loops, logger)
        self.links = links
        makeStages = { inbox in
            MemberStages(
                access: access, me: me, links: links, inbox: inbox, behaviour: behaviour, orders: orders)
        }
    }

    /// Returns when the orders have ended.
    func run() async throws {
        try await listener.start(host: access.view[me].host, port: access.view[me].port)
        for link in links { link?.start() }
        task.start { [inbox, makeStages] in
            let stages = makeStages(inbox)
            return { stages.run() }
        }
        await orders.waitForEnd()
        await task.stop()
        for link in links { await link?.close() }
        await listener.close()
        await loops.shutDown()
    }

    // MARK: Connections

    private static func links(
        _ access: AttackAccess, _ me: ReplicaIndex, _ inbox: Inbox, _ loops: EventLoops, _ logger: Logger
    ) -> [PeerLink?] {
        access.view.members.enumerated().map { place, member in
            guard place != me.position else { return nil }
            let hello = Hello(group: access.view.group, role: .replica(access.view[me].id), view: access.view.number)
            return PeerLink(
                configuration: TransportConfiguration(), identity: access.identity,
                target: PeerLinkTarget(
                    name: "replica \(member.id)", host: member.host, port: member.port, key: member.key, hello: hello,
                    frameBytesMax: Limits.viewChainFrameBytes.max),
                eventLoop: loops.next(),
                handlers: PeerLinkHandlers(
                    onState: { _ in }, onFrames: { batch in batch.forEach { span in take(span, member.id, inbox) } }),
                jitterSeed: UInt64(place), logger: logger)
        }
    }

    /// Proofs of views come back where this member has dialled.
    private static func take(_ span: RawSpan, _ member: ReplicaID, _ inbox: Inbox) {
        do {
            inbox.post(.peer(try PeerMessage(decoding: span), from: member))
        } catch {
            // As from whoever dials: it is passed over.
        }
    }

    private static func handlers(_ access: AttackAccess, _ inbox: Inbox) -> ListenerHandlers {
        let rules = HandshakeRules(view: access.view) { _ in nil }
        return ListenerHandlers(
            authenticate: { rules.answer($0, $1) },
            onOpen: { inbox.post(.opened($0)) },
            onFrames: { connection, batch in
                batch.forEach { span in post(span, connection, inbox) }
            },
            onClose: { connection, _ in inbox.post(.closed(connection)) })
    }

    /// What makes no sense is passed over: it is the others that are under attack.
    private static func post(_ span: RawSpan, _ connection: InboundConnection, _ inbox: Inbox) {
        do {
            switch connection.hello.role {
            case .replica(let id): inbox.post(.peer(try PeerMessage(decoding: span), from: id))
            case .client: inbox.post(.client(try ClientMessage(decoding: span), by: connection))
            }
        } catch {
            connection.abort()
        }
    }
}
