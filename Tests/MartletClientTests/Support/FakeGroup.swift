// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire
import NIOCore
import NIOPosix
import Synchronization

/// Make-believe replicas on loopback with TLS, of which the first four found the group. They share one order of execution, so that
/// correct ones always agree; an operation's result is its bytes backwards. Those that are no members of the newest view tell of it, and
/// lie where they are told to; otherwise they are silent.
final class FakeGroup: Sendable {
    /// How a replica behaves.
    struct Manners: Sendable {
        var isSilent = false
        var lies = false
        var wantsSignatures = false
        var deniesAccess = false
        /// What version its reads name; nil for the group's own.
        var readVersion: UInt64?
    }

    private struct State {
        var manners: [Manners]
        var listeners: [Listener?]
        var connections: [[InboundConnection]]
        var instance: UInt64 = 0
        var replies: [RequestID: ReplyBody] = [:]
        var executed = 0
        var frames = 0
        var signedRequests = 0
        var badSignatures = 0
        /// The first one, and what follows it.
        var views: [View]
        var proofs: [ViewCertificate] = []
    }

    private static let groupCount = Atomic<Int>(0)

    let genesis: Genesis
    let view: View
    /// Whoever is or may become a member: place k has the id k.
    private let all: [Member]
    private let keys: [SigningKey]
    private let state: Mutex<State>
    private let verifier: Verifier<Ed25519Scheme>

    init(settings: GroupSettings = GroupSettings(), count: Int = 4) async throws {
        let keys = (0..<count).map { _ in SigningKey() }
        let (host, ports) = try await Self.freeAddress(count)
        let all = zip(keys, ports).enumerated().map { place, pair in
            Member(
                id: ReplicaID(UInt16(place)), key: pair.0.publicKey, host: host, port: pair.1,
                isHeavy: place < 2)
        }
        self.all = all
        self.keys = keys
        genesis = try Genesis(
            name: "fake", faultModel: .byzantine, f: 1, members: Array(all.prefix(4)), administrators: [],
            administratorsNeeded: 0, clientAccess: .open, settings: settings)
        view = try genesis.firstView(group: Hashing.group(of: genesis))
        verifier = Verifier(view: view, scheme: Ed25519Scheme())
        state = Mutex(
            State(
                manners: Array(repeating: Manners(), count: count), listeners: Array(repeating: nil, count: count),
                connections: Array(repeating: [], count: count), views: [view]))
    }

    // MARK: Levers

    func start(_ places: some Sequence<Int>) async throws {
        for place in places {
            let listener = Listener(
                configuration: TransportConfiguration(), identity: try TLSIdentity(seed: keys[place].seed),
                group: MultiThreadedEventLoopGroup.singleton, handlers: handlers(place),
                logger: Logger(label: "fake") { _ in SwiftLogNoOpLogHandler() })
            try await listener.start(host: all[place].host, port: all[place].port)
            state.withLock { $0.listeners[place] = listener }
        }
    }

    func stop(_ place: Int) async {
        let listener = state.withLock { state in
            defer { state.listeners[place] = nil }
            return state.listeners[place]
        }
        await listener?.close()
    }

    func stopAll() async { for place in all.indices { await stop(place) } }

    /// Begins a view with these members, and f as large as can be; a quorum of the view before signs it. Connected clients are told by the
    /// members of both.
    func change(to places: some Sequence<Int>, learners: [Int] = [], isTold: Bool = true) throws {
        let before = newest
        let listed = places.map { all[$0] }
        let f = (listed.count - 1) / 3
        let next = try View(
            group: before.group, number: before.number.next, faultModel: .byzantine, f: f,
            members: listed.enumerated().map { $1.weighted(isHeavy: $0 < 2 * f) }, leaderOrder: listed.map(\.id),
            settings: before.settings, learners: learners.map { Learner(all[$0].weighted(isHeavy: false)) },
            lastID: ReplicaID(.max))
        let last = Instance(before.number.rawValue * 1_000_000)
        let shares = before.members.map(\.id).sorted().map { id in
            let sealer = Sealer(group: view.group, replica: id, key: keys[Int(id.rawValue)], scheme: Ed25519Scheme())
            guard
                case .install(let install) = sealer.seal(.install(Install(view: before.number, last: last, next: next)))
            else {
                preconditionFailure("a sealed INSTALL is one")
            }
            return SignatureShare(replica: id, signature: install.signature)
        }
        let proof = ViewCertificate(view: before.number, last: last, next: next, shares: shares)
        let connections = state.withLock { state in
            state.views.append(next)
            state.proofs.append(proof)
            return (before.members + next.members).flatMap { member in
                state.connections[Int(member.id.rawValue)].map { $0 }
            }
        }
        guard isTold else { return }
        let frame = ReplicaToClientMessage.views(ViewChainPart(certificates: [proof])).encoded()
        for connection in connections { connection.send([frame]) }
    }

    var newest: View { state.withLock { $0.views[$0.views.count - 1] } }

    func connectionCount(of place: Int) -> Int { state.withLock { $0.connections[place].count } }

    func setManners(of places: some Sequence<Int>, _ change: (inout Manners) -> Void) {
        state.withLock { state in for place in places { change(&state.manners[place]) } }
    }

    func cutConnections(of place: Int) {
        // A list of their own: what keeps a shared one from being changed meanwhile is hidden from ThreadSanitizer.
        for connection in state.withLock({ state in state.connections[place].map { $0 } }) { connection.abort() }
    }

    var connectionCount: Int { state.withLock { $0.connections.reduce(0) { $0 + $1.count } } }
    var executedCount: Int { state.withLock { $0.executed } }
    var frameCount: Int { state.withLock { $0.frames } }
    var signedRequestCount: Int { state.withLock { $0.signedRequests } }
    var badSignatureCount: Int { state.withLock { $0.badSignatures } }

    // MARK: Behaving

    private func handlers(_ place: Int) -> ListenerHandlers {
        ListenerHandlers(
            authenticate: { [self] hello, _ in
                if state.withLock({ $0.manners[place].deniesAccess }) {
                    return .refused(.accessDenied, "the group does not serve this client")
                }
                guard hello.group == view.group else { return .refused(.wrongGroup, "another group") }
                return .accepted(version: 1, view: newest.number)
            },
            onOpen: { [self] connection in state.withLock { $0.connections[place].append(connection) } },
            onFrames: { [self] connection, batch in received(batch, at: place, by: connection) },
            onClose: { [self] connection, _ in
                state.withLock { $0.connections[place].removeAll { $0.id == connection.id } }
            })
    }

    private func received(_ batch: FrameBatch, at place: Int, by connection: InboundConnection) {
        var answers: [ReplicaToClientMessage] = []
        batch.forEach { span in
            do {
                answer(try ClientMessage(decoding: span), of: ClientID(connection.peer), at: place, &answers)
            } catch {
                preconditionFailure("a client sent garbage: \(error)")
            }
        }
        if !answers.isEmpty { connection.send(answers.map { $0.encoded() }) }
    }

    private func answer(
        _ message: ClientMessage, of client: ClientID, at place: Int, _ answers: inout [ReplicaToClientMessage]
    ) {
        let manners = state.withLock { state in
            state.frames += 1
            return state.manners[place]
        }
        if manners.isSilent { return }
        if case .fetchViews(let fetch) = message { return tell(after: fetch.after, &answers) }
        let view = newest
        guard manners.lies || view.replica(ReplicaID(UInt16(place))) != nil else { return }
        switch message {
        case .requests(let bundle): answer(bundle, of: client, manners, view, &answers)
        case .read(let read):
            let instance = state.withLock { $0.instance }
            let result = manners.lies ? [0] : Bytes(read.query.reversed())
            answers.append(
                .readReply(
                    ReadReply(
                        view: view.number, number: read.number,
                        version: Instance(manners.readVersion ?? (manners.lies ? 1 : instance)), result: result)))
        case .statusQuery: answers.append(.status(status(of: place)))
        case .fetchViews, .fetchReceipt, .adaptationQuery: break
        }
    }

    private func tell(after number: ViewNumber, _ answers: inout [ReplicaToClientMessage]) {
        let rest = state.withLock { state in
            state.proofs.drop { $0.view < number }.prefix(ViewChainPart.certificatesMax).map { $0 }
        }
        if !rest.isEmpty { answers.append(.views(ViewChainPart(certificates: rest))) }
    }

    private func answer(
        _ bundle: RequestBundle, of client: ClientID, _ manners: Manners, _ view: View,
        _ answers: inout [ReplicaToClientMessage]
    ) {
        do {
            _ = try verifier.verify(bundle, from: client)
        } catch {
            return state.withLock { $0.badSignatures += 1 }
        }
        if bundle.signature != nil { state.withLock { $0.signedRequests += bundle.requests.count } }
        for request in bundle.requests {
            if manners.wantsSignatures && bundle.signature == nil {
                answers.append(.refusal(Refusal(request: request.id, reason: .signatureRequired)))
                continue
            }
            let body = manners.lies ? ReplyBody.result([0]) : execute(request)
            answers.append(
                .reply(Reply(view: view.number, request: request.id, finality: .final, body: body)))
        }
    }

    private func execute(_ request: Request) -> ReplyBody {
        state.withLock { state in
            if let kept = state.replies[request.id] { return kept }
            state.instance += 1
            state.executed += request.kind == .open ? 0 : 1
            let body: ReplyBody =
                request.kind == .open
                ? .opened(SessionID(instance: Instance(state.instance), place: 0))
                : .result(request.payload.reversed())
            state.replies[request.id] = body
            return body
        }
    }

    private func status(of place: Int) -> ReplicaStatus {
        ReplicaStatus(
            replica: ReplicaID(UInt16(place)),
            mode: newest.index(of: ReplicaID(UInt16(place))) == nil ? .learner : .voter,
            epoch: Epoch(view: newest.number, regency: .first),
            isSynced: true, leader: ReplicaID(0), decided: Instance(7), executed: Instance(7),
            stableCheckpoint: .zero, highestKnown: Instance(7), pendingRequests: 0, softwareVersion: "fake")
    }

    /// A loopback address of its own, so that no other test takes the ports before they are listened at; and ports that
    /// nobody listens at, found by listening at them all at once for a moment.
    static func freeAddress(_ count: Int) async throws -> (host: String, ports: [Int]) {
        let host = "127.77.\(groupCount.wrappingAdd(1, ordering: .relaxed).newValue % 250).1"
        var channels: [any Channel] = []
        for _ in 0..<count {
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            channels.append(try await bootstrap.bind(host: host, port: 0).get())
        }
        let ports = channels.compactMap { $0.localAddress?.port }
        for channel in channels { try await channel.close() }
        return (host, ports)
    }
}
