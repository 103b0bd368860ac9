// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

/// A client core against four make-believe replicas under loss, delay, repetition, broken links, lies, evictions and changes of the
/// group. The replicas share one executed order, so whatever a client is told can be checked against it.
@Suite struct GroupTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `every call ends once, and truly`(seed: UInt64) {
        var world = World(seed: seed)
        world.run()
        #expect(world.complaints.isEmpty, "seed \(seed): \(world.complaints)")
        #expect(world.outcomes.count == world.callCount)
    }

    @Test(arguments: 100..<180 as Range<UInt64>)
    func `while members come and go, too`(seed: UInt64) {
        var world = World(seed: seed, isChanging: true)
        world.run()
        #expect(world.complaints.isEmpty, "seed \(seed): \(world.complaints)")
        #expect(world.outcomes.count == world.callCount)
        #expect(world.rig.core.view == world.newest && world.newest.number > ViewNumber(3))
        #expect(world.rig.core.audience.map(\.id) == world.newest.members.map(\.id), "former members are let go")
        #expect(world.outcomes.values.contains { $0.certificate?.view ?? .genesis > .genesis })
    }
}

private struct World {
    struct Delivery {
        let due: UInt64
        let order: Int
        let event: ClientEvent
    }

    let rig: Rig
    var random: TestRandom
    var inbound: [Delivery] = []
    var order = 0
    /// What the group has executed, once each: the result is the payload with 1 before it.
    var executed: [RequestID: Bytes] = [:]
    var sessions: Set<SessionID> = []
    var opening: (number: SequenceNumber, session: SessionID)?
    var instance: UInt64 = 0
    var firstSent: [RequestID: Request] = [:]
    var payloads: [CallID: Bytes] = [:]
    var outcomes: [CallID: Outcome] = [:]
    var complaints: [String] = []
    var callCount = 0
    /// One of the members, and any number of former ones.
    var liars: Set<UInt16>
    let lossPercent: Int
    let isChanging: Bool
    /// The first one, and what follows it.
    var views: [View]
    var proofs: [ViewCertificate] = []
    var up: Set<UInt16> = []
    var linked: [Member]

    var newest: View { views[views.count - 1] }

    init(seed: UInt64, isChanging: Bool = false) {
        random = TestRandom(seed: seed)
        rig = Rig(pipelineMax: 4) { $0.seed = seed }
        self.isChanging = isChanging
        views = [rig.view]
        linked = rig.view.members.map { $0.weighted(isHeavy: false) }
        liars = [UInt16.random(in: 1...4, using: &random)]
        lossPercent = [0, 5, 30].randomElement(using: &random) ?? 0
    }

    mutating func run() {
        for tick in 0..<4_000 {
            if tick < 2_000 {
                if random.chance(5) { breakOrMendLink() }
                if random.chance(1) { sessions.removeAll() }
                if random.chance(20) { submit() }
                if isChanging, random.chance(1) { change() }
            } else {
                for member in rig.core.audience where up.insert(member.id.rawValue).inserted { linkUp(member.id) }
            }
            if isChanging, random.chance(20) { lieOfOld() }
            advance(to: rig.now + .milliseconds(5))
        }
        rig.pass(.seconds(200))
        collect()
    }

    private mutating func submit() {
        callCount += 1
        let payload = Bytes("\(callCount)".utf8)
        let session = UInt32.random(in: 0..<3, using: &random)
        let id = rig.call(
            payload, kind: random.chance(30) ? .read : .operation, session: session,
            within: .milliseconds(UInt64.random(in: 50...3_000, using: &random)))
        payloads[id] = payload
    }

    private mutating func breakOrMendLink() {
        guard let replica = rig.core.audience.randomElement(using: &random)?.id else { return }
        if random.chance(70) {
            up.insert(replica.rawValue)
            linkUp(replica)
        } else {
            up.remove(replica.rawValue)
            rig.step(.linkDown(replica))
        }
    }

    private func linkUp(_ id: ReplicaID) { rig.step(.linkUp(id, view: newest.number)) }

    // MARK: Changes

    /// A member more, a member less, one for another, another key, or another f.
    private mutating func change() {
        var members = newest.members
        var f = newest.f
        let place = Int.random(in: members.indices, using: &random)
        let newcomer = testMember(UInt16(views.count + 100))
        switch Int.random(in: 0..<5, using: &random) {
        case 0: if members.count < 9 { members.insert(newcomer, at: place) }
        case 1: if members.count > FaultModel.byzantine.membersMin(f: f) { members.remove(at: place) }
        case 2: members[place] = newcomer
        case 3: members[place] = testMember(members[place].id.rawValue, key: UInt64(views.count + 1_000))
        default: f = members.count >= 7 ? 3 - f : f
        }
        let proof = following(newest, members: members, f: f)
        proofs.append(proof)
        views.append(proof.next)
        let ids = proof.next.members.map(\.id.rawValue)
        if liars.isDisjoint(with: ids) { liars.insert(ids[0]) }
        // Some are told at once.
        for id in ids where up.contains(id) && random.chance(50) { tell(of: proof.view, from: id) }
    }

    /// What a former member says counts for nothing, whatever it is.
    private mutating func lieOfOld() {
        let gone = liars.subtracting(newest.members.map(\.id.rawValue)).sorted()
        guard let liar = gone.randomElement(using: &random),
            let request = firstSent.values.map(\.id).sorted(by: { $0.sequence < $1.sequence }).last
        else { return }
        for view in views.suffix(3) {
            post(.reply(Reply(view: view.number, request: request, finality: .final, body: .result([0]))), from: liar)
            post(.refusal(Refusal(request: request, reason: .accessDenied)), from: liar)
        }
    }

    private mutating func tell(of view: ViewNumber, from replica: UInt16) {
        let rest = proofs.drop { $0.view < view }.prefix(ViewChainPart.certificatesMax)
        post(.views(ViewChainPart(certificates: Array(rest))), from: replica)
    }

    private mutating func advance(to end: Instant) {
        while true {
            serve()
            collect()
            let due = inbound.min { ($0.due, $0.order) < ($1.due, $1.order) }
            let deadline = rig.core.nextDeadline ?? .distantFuture
            if let due, Instant(due.due) <= min(end, deadline) {
                inbound.removeAll { $0.order == due.order }
                rig.now = max(rig.now, Instant(due.due))
                rig.step(due.event)
            } else if deadline <= end {
                rig.now = max(rig.now, deadline)
                rig.step(.deadline)
            } else {
                break
            }
        }
        rig.now = end
    }

    // MARK: The group

    private mutating func serve() {
        for send in rig.takeSends() {
            let targets = send.targets.map { rig.core.view[$0].id.rawValue }
            for request in send.requests {
                if let first = firstSent[request.id], first != request {
                    complaints.append("\(request.id) was changed")
                }
                firstSent[request.id] = request
                for target in targets { answer(request, target) }
            }
        }
        for fetch in rig.takeViewFetches() { tell(of: fetch.fetch.after, from: fetch.target.rawValue) }
        for read in rig.takeReads() {
            for target in read.targets.map({ rig.core.view[$0].id.rawValue }) where isMember(target) {
                let isLie = liars.contains(target)
                let version = Instance(isLie ? 1 : instance / 10)
                let result = isLie ? [0] : [1] + read.request.query
                post(
                    .readReply(
                        ReadReply(view: newest.number, number: read.request.number, version: version, result: result)),
                    from: target)
            }
        }
    }

    private func isMember(_ id: UInt16) -> Bool { newest.index(of: ReplicaID(id)) != nil }

    private mutating func answer(_ request: Request, _ replica: UInt16) {
        guard isMember(replica), !random.chance(lossPercent) else { return }
        if liars.contains(replica) {
            let body: ReplyBody =
                request.kind == .open ? .opened(SessionID(instance: Instance(9), place: 9)) : .result([0])
            return post(
                .reply(Reply(view: newest.number, request: request.id, finality: .final, body: body)), from: replica)
        }
        let body = execute(request)
        let epoch = Epoch(view: newest.number, regency: .first)
        let finality = random.chance(50) ? Finality.final : .tentative(epoch: epoch, instance: Instance(instance))
        post(.reply(Reply(view: newest.number, request: request.id, finality: finality, body: body)), from: replica)
    }

    private mutating func execute(_ request: Request) -> ReplyBody {
        instance += 1
        if request.kind == .open {
            if let opening, opening.number == request.id.sequence { return .opened(opening.session) }
            if let opening, opening.number > request.id.sequence { return .openingStale }
            let session = SessionID(instance: Instance(instance), place: 0)
            opening = (request.id.sequence, session)
            sessions.insert(session)
            return .opened(session)
        }
        guard sessions.contains(request.id.session) else { return .sessionUnknown }
        executed[request.id] = request.payload
        return .result([1] + request.payload)
    }

    private mutating func post(_ message: ReplicaToClientMessage, from replica: UInt16) {
        for _ in 0..<(random.chance(10) ? 2 : 1) where !random.chance(lossPercent) {
            order += 1
            inbound.append(
                Delivery(
                    due: rig.now.rawValue + UInt64.random(in: 100_000...40_000_000, using: &random), order: order,
                    event: .message(Verified(message, sender: .replica(ReplicaID(replica))))))
        }
    }

    // MARK: The verdict

    private mutating func collect() {
        for completion in rig.takeCompletions() {
            if outcomes[completion.call] != nil { complaints.append("call \(completion.call) ended twice") }
            outcomes[completion.call] = completion.outcome
            let payload = payloads[completion.call] ?? []
            switch completion.outcome {
            case .result(let result, let certificate):
                if result != [1] + payload { complaints.append("call \(completion.call) got \(result)") }
                let view = views.first { $0.number == certificate.view }
                if view?.isQuorum(certificate.voters) != true { complaints.append("no quorum") }
            case .failed:
                if executed.values.contains(payload),
                    firstSent.values.contains(where: { $0.payload == payload && $0.kind == .operation })
                {
                    complaints.append("call \(completion.call) failed for sure but was executed")
                }
            case .unknown:
                if !firstSent.values.contains(where: { $0.payload == payload }) {
                    complaints.append("call \(completion.call) is unknown but was never sent")
                }
            }
        }
        if let audience = rig.effects.audience {
            // Whoever is new has no link yet, and whoever has another key another one.
            let kept = audience.filter { member in linked.contains(member.weighted(isHeavy: false)) }
            up.formIntersection(kept.map(\.id.rawValue))
            linked = audience.map { $0.weighted(isHeavy: false) }
        }
        rig.effects.removeAll()
    }
}
