// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire
import NIOPosix
import Synchronization

/// A client made of little more than the transport: sends everything to all replicas again and again, and takes what a
/// quorum says alike.
final class RawClient: Sendable {
    struct NoAnswer: Error {}

    private struct State {
        var replies: [ReplicaID: [RequestID: Reply]] = [:]
        var reads: [ReplicaID: [UInt64: ReadReply]] = [:]
        var refusals: [ReplicaID: [Refusal]] = [:]
        var statuses: [ReplicaID: ReplicaStatus] = [:]
        var shares: [ReplicaID: [ReceiptShare]] = [:]
        var sequence: UInt64 = 0
        /// What was sent without waiting and two replicas have not answered yet, who has, and what of it each refused.
        var unanswered: [RequestID: Request] = [:]
        var answeredOnce: [RequestID: ReplicaID] = [:]
        var toSendAgain: [ReplicaID: [RequestID]] = [:]
    }

    let client: ClientID
    private let view: View
    private let sealer: ClientSealer<Ed25519Scheme>
    private let links: [PeerLink]
    private let state: Shared

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    /// Asks those that the view lists, learners too; nil for the genesis view. What a quorum of its members says alike counts.
    init(group: TestGroup, key: SigningKey = SigningKey(), view: View? = nil) throws {
        let view = try view ?? group.view
        let identity = try TLSIdentity(seed: key.seed)
        let shared = Shared()
        client = ClientID(key.publicKey)
        self.view = view
        sealer = ClientSealer(group: view.group, client: client, key: key, scheme: Ed25519Scheme())
        state = shared
        links = view.audience.map { member in
            PeerLink(
                configuration: TransportConfiguration(), identity: identity,
                target: PeerLinkTarget(
                    name: "replica \(member.id)", host: member.host, port: member.port, key: member.key,
                    hello: Hello(group: view.group, role: .client, view: view.number),
                    frameBytesMax: Limits.clientFrameBytes.max),
                eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
                handlers: PeerLinkHandlers(
                    onState: { _ in },
                    onFrames: { batch in
                        batch.forEach { span in
                            do {
                                Self.keep(try ReplicaToClientMessage(decoding: span), member.id, shared)
                            } catch {
                                preconditionFailure("a replica sent garbage: \(error)")
                            }
                        }
                    }),
                jitterSeed: 1, logger: Logger(label: "client") { _ in SwiftLogNoOpLogHandler() })
        }
        for link in links { link.start() }
    }

    private static func keep(_ message: ReplicaToClientMessage, _ replica: ReplicaID, _ shared: Shared) {
        shared.state.withLock { state in
            switch message {
            case .reply(let reply):
                state.replies[replica, default: [:]][reply.request] = reply
                if state.unanswered[reply.request] != nil,
                    state.answeredOnce.updateValue(replica, forKey: reply.request) ?? replica != replica
                {
                    state.unanswered[reply.request] = nil
                }
            case .readReply(let reply): state.reads[replica, default: [:]][reply.number] = reply
            case .refusal(let refusal):
                state.refusals[replica, default: []].append(refusal)
                if [.signatureRequired, .overloaded].contains(refusal.reason) {
                    state.toSendAgain[replica, default: []].append(refusal.request)
                }
            case .views, .adaptation: break
            case .receipt(let share): state.shares[replica, default: []].append(share)
            case .status(let status): state.statuses[replica] = status
            }
        }
    }

    func close() async {
        for link in links { await link.close() }
    }

    // MARK: - Asking

    func open() async throws -> SessionID {
        let number = nextSequence()
        let body = try await ask(
            Request(
                id: RequestID(client: client, session: .none, sequence: number), kind: .open,
                repliesKeptFrom: SequenceNumber(0), payload: []))
        guard case .opened(let session) = body else { throw NoAnswer() }
        return session
    }

    /// Orders a text operation in a session and returns the former text.
    func put(_ operation: String, in session: SessionID) async throws -> String {
        let sequence = nextSequence()
        let body = try await ask(
            Request(
                id: RequestID(client: client, session: session, sequence: sequence), kind: .operation,
                repliesKeptFrom: sequence, payload: Array(operation.utf8)))
        guard case .result(let bytes) = body else { throw NoAnswer() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Orders an operation on the group.
    func change(_ operation: Reconfiguration, in session: SessionID) async throws -> ReconfigurationResult {
        let sequence = nextSequence()
        let body = try await ask(
            Request(
                id: RequestID(client: client, session: session, sequence: sequence), kind: .reconfiguration(operation),
                repliesKeptFrom: sequence, payload: []))
        guard case .reconfigured(let result) = body else { throw NoAnswer() }
        return result
    }

    func read(_ name: String) async throws -> String {
        let read = ReadRequest(number: nextSequence().rawValue, query: Array(name.utf8))
        return try await poll(sending: .read(read)) { state in
            let replies = self.view.members.compactMap { member in
                state.reads[member.id]?[read.number].map { (member.id, $0) }
            }
            return self.agreed(replies).map { String(decoding: $0.result, as: UTF8.self) }
        }
    }

    func status(of replica: ReplicaID) async throws -> ReplicaStatus {
        state.state.withLock { $0.statuses[replica] = nil }
        return try await poll(sending: .statusQuery) { $0.statuses[replica] }
    }

    /// Waits until that replica says of itself what is asked for.
    func waitForStatus(of replica: ReplicaID, _ isWanted: (ReplicaStatus) -> Bool) async throws -> ReplicaStatus {
        for _ in 0..<200 {
            let status = try await status(of: replica)
            if isWanted(status) { return status }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw NoAnswer()
    }

    func refusals(of replica: ReplicaID) -> [Refusal] { state.state.withLock { $0.refusals[replica] ?? [] } }
    func shares(of replica: ReplicaID) -> [ReceiptShare] { state.state.withLock { $0.shares[replica] ?? [] } }
    func replyCount(of replica: ReplicaID) -> Int { state.state.withLock { $0.replies[replica]?.count ?? 0 } }

    /// Writes bytes that are no message to every replica.
    func sendGarbage() {
        for link in links { link.send([[0xFF, 1, 2, 3]]) }
    }

    /// Asks every replica for its share of that receipt, so many times.
    func askForReceipt(of id: RequestID, times: Int = 1) {
        for link in links {
            link.send(Array(repeating: ClientMessage.fetchReceipt(id).encoded(), count: times))
        }
    }

    /// Sends them to every replica and waits for nothing.
    func send(_ requests: [Request]) {
        state.state.withLock { state in requests.forEach { state.unanswered[$0.id] = $0 } }
        let frame = ClientMessage.requests(RequestBundle(requests: requests, signature: nil)).encoded()
        for link in links { link.send([frame]) }
    }

    /// What clients do that want all they sent ordered: sends again, signed, what replicas have refused since the last time,
    /// or all that is not answered.
    func sendAgain(isAll: Bool) {
        for (place, member) in view.members.enumerated() {
            let requests = state.state.withLock { state in
                let refused = state.toSendAgain.removeValue(forKey: member.id) ?? []
                return isAll ? Array(state.unanswered.values) : refused.compactMap { state.unanswered[$0] }
            }
            links[place].send(sealer.sealBundles(requests).map { ClientMessage.requests($0).encoded() })
        }
    }

    /// How many of what was sent without waiting no two replicas have answered yet.
    var unansweredCount: Int { state.state.withLock { $0.unanswered.count } }

    /// Replies are kept from itself on by default, as for a client that sends one after the other.
    func request(
        _ sequence: UInt64, in session: SessionID, _ text: String, repliesKeptFrom: UInt64? = nil
    ) -> Request {
        Request(
            id: RequestID(client: client, session: session, sequence: SequenceNumber(sequence)), kind: .operation,
            repliesKeptFrom: SequenceNumber(repliesKeptFrom ?? sequence), payload: Array(text.utf8))
    }

    private func ask(_ request: Request) async throws -> ReplyBody {
        let bundle = RequestBundle(requests: [request], signature: nil)
        return try await poll(sending: .requests(bundle)) { state in
            let replies = self.view.members.compactMap { member in
                state.replies[member.id]?[request.id].map { (member.id, $0) }
            }
            return self.agreed(replies)?.body
        }
    }

    private func nextSequence() -> SequenceNumber {
        state.state.withLock { state in
            state.sequence += 1
            return SequenceNumber(state.sequence)
        }
    }

    /// What replicas weighing a quorum say alike.
    private func agreed<Answer: Equatable>(_ answers: [(ReplicaID, Answer)]) -> Answer? {
        for (_, answer) in answers {
            let voters = ReplicaSet(answers.filter { $0.1 == answer }.compactMap { view.index(of: $0.0) })
            if view.isQuorum(voters) { return answer }
        }
        return nil
    }

    /// Sends to all replicas until the answer is there, at most ten seconds.
    private func poll<Answer>(
        sending message: ClientMessage, until answer: (State) -> Answer?
    ) async throws -> Answer {
        for attempt in 0..<5_000 {
            if attempt % 100 == 0 {
                for link in links { link.send([message.encoded()]) }
            }
            if let found = state.state.withLock({ answer($0) }) { return found }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw NoAnswer()
    }
}
