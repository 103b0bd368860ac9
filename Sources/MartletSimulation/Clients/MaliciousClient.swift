// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCrypto
package import MartletTypes

/// A client that means harm to the group and to other clients. It speaks its own protocol by hand, since the client
/// library never does such things; what it must not be able to do is checked elsewhere.
package final class MaliciousClient: ClientActor {
    package let isHonest = false
    package let isDone = true
    package private(set) var deadline: Instant?
    package private(set) var acts: [ClientMalice.Act: Int] = [:]

    private let plan: ClientPlan
    private let malice: ClientMalice
    let sealer: ClientSealer<SimulatedScheme>
    let others: [ClientID]
    let view: View
    let conspiracy: Conspiracy
    private let until: Instant
    private let encode: (Operation) -> Bytes
    private var workload: Workload
    var random: SeededRandom

    private var session: SessionID?
    private var openings: UInt64 = 0
    var sequence: UInt64 = 0
    private var past: [Request] = []
    /// What it sends to one replica after another, and to whom next.
    var trickling: (request: Request, next: Int)?
    /// The newest that anybody told it of.
    private(set) var newestView = ViewNumber.genesis
    private var members: [ReplicaID]
    private static let pastMax = 16

    package init(
        plan: ClientPlan, malice: ClientMalice, sealer: ClientSealer<SimulatedScheme>, others: [ClientID], view: View,
        conspiracy: Conspiracy, until: Instant, workload: Workload, encode: @escaping (Operation) -> Bytes,
        random: SeededRandom
    ) {
        self.plan = plan
        self.malice = malice
        self.sealer = sealer
        self.conspiracy = conspiracy
        self.others = others
        self.view = view
        members = view.members.map(\.id)
        self.until = until
        self.workload = workload
        self.encode = encode
        self.random = random
        deadline = .zero
    }

    package func wake(at now: Instant, into output: inout ClientOutput) {
        guard now < until else { return deadline = nil }
        deadline = now + random.interval(upTo: plan.thinkMax) + .microseconds(500)
        guard session != nil else { return open(into: &output, to: everyone) }
        act(random.pick(malice.acts), into: &output)
    }

    package func receive(
        _ message: ReplicaToClientMessage, from replica: ReplicaID, at now: Instant,
        into output: inout ClientOutput
    ) {
        // It takes any replica's word: being lied to is its own affair.
        if case .views(let part) = message {
            for certificate in part.certificates where certificate.next.number > newestView {
                newestView = certificate.next.number
                members = certificate.next.members.map(\.id)
            }
        }
        guard session == nil, case .reply(let reply) = message, case .opened(let opened) = reply.body else { return }
        session = opened
    }

    /// It sends into broken connections, too.
    package func linkChanged(
        to replica: ReplicaID, _ link: ClientLink, at now: Instant, into output: inout ClientOutput
    ) {}

    // MARK: - Acts

    private func act(_ act: ClientMalice.Act, into output: inout ClientOutput) {
        acts[act, default: 0] += 1
        switch act {
        case .partial: send([request(nextSequence())], to: some(), into: &output)
        case .conflicting:
            let sequence = nextSequence()
            for receiver in everyone { send([request(sequence)], to: [receiver], into: &output) }
        case .replay: if !past.isEmpty { send([random.pick(past)], to: everyone, into: &output) }
        case .unknownSession: actInUnknownSession(into: &output)
        case .wrongSequence: actOutOfSequence(into: &output)
        case .openMany: open(into: &output, to: random.chance(permille: 500) ? everyone : some())
        case .foreign: actAsAnother(into: &output)
        case .flood: flood(into: &output)
        case .readFlood: floodWithReads(into: &output)
        case .signedConflict: signTwice(into: &output)
        case .wrongSignature: borrowSignature(into: &output)
        case .falseReceipt: claimReceipt(into: &output)
        case .malformed: send([malformed()], to: some(), into: &output)
        case .trickle: trickle(into: &output)
        case .league: conspire(into: &output)
        case .views: floodForViews(into: &output)
        }
    }

    private func open(into output: inout ClientOutput, to receivers: [ReplicaID]) {
        openings += 1
        let request = Request(
            id: RequestID(client: id, session: .none, sequence: SequenceNumber(openings)), kind: .open,
            repliesKeptFrom: SequenceNumber(0), payload: [])
        send([request], to: receivers, into: &output)
    }

    // MARK: - Requests

    private var id: ClientID { sealer.client }
    var everyone: [ReplicaID] { members }

    /// One replica up to all but one.
    func some() -> [ReplicaID] {
        var receivers = everyone
        random.shuffle(&receivers)
        return Array(receivers.prefix(random.number(in: 1...max(1, members.count - 1))))
    }

    func nextSequence() -> UInt64 {
        sequence += 1
        return sequence
    }

    func request(
        _ sequence: UInt64, session: SessionID? = nil, repliesKeptFrom: UInt64 = 0, as client: ClientID? = nil
    ) -> Request {
        Request(
            id: RequestID(
                client: client ?? id, session: session ?? self.session ?? .none, sequence: SequenceNumber(sequence)),
            kind: .operation, repliesKeptFrom: SequenceNumber(repliesKeptFrom), payload: encode(workload.next()))
    }

    func send(_ requests: [Request], to receivers: [ReplicaID], into output: inout ClientOutput) {
        past.append(contentsOf: requests)
        if past.count > Self.pastMax { past.removeFirst(past.count - Self.pastMax) }
        for receiver in receivers {
            output.sends.append((receiver, .requests(RequestBundle(requests: requests, signature: nil))))
        }
    }
}
