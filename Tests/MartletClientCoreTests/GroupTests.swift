// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

/// A client core against four make-believe replicas under loss, delay, repetition, broken links, lies and evictions.
/// The replicas share one executed order, so whatever a client is told can be checked against it.
@Suite struct GroupTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `every call ends once, and truly`(seed: UInt64) {
        var world = World(seed: seed)
        world.run()
        #expect(world.complaints.isEmpty, "seed \(seed): \(world.complaints)")
        #expect(world.outcomes.count == world.callCount)
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
    let liar: UInt16
    let lossPercent: Int

    init(seed: UInt64) {
        random = TestRandom(seed: seed)
        rig = Rig(pipelineMax: 4) { $0.seed = seed }
        liar = UInt16.random(in: 1...4, using: &random)
        lossPercent = [0, 5, 30].randomElement(using: &random) ?? 0
    }

    mutating func run() {
        for tick in 0..<4_000 {
            if tick < 2_000 {
                if random.chance(5) { breakOrMendLink() }
                if random.chance(1) { sessions.removeAll() }
                if random.chance(20) { submit() }
            } else if tick == 2_000 {
                rig.allUp()
            }
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
        let replica = ReplicaID(UInt16.random(in: 1...4, using: &random))
        rig.step(random.chance(70) ? .linkUp(replica) : .linkDown(replica))
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
            for request in send.requests {
                if let first = firstSent[request.id], first != request {
                    complaints.append("\(request.id) was changed")
                }
                firstSent[request.id] = request
                for target in send.targets { answer(request, Self.id(target)) }
            }
        }
        for read in rig.takeReads() {
            for target in read.targets {
                let isLie = Self.id(target) == liar
                let version = Instance(isLie ? 1 : instance / 10)
                let result = isLie ? [0] : [1] + read.request.query
                post(
                    .readReply(
                        ReadReply(view: .genesis, number: read.request.number, version: version, result: result)),
                    from: Self.id(target))
            }
        }
    }

    private static func id(_ index: ReplicaIndex) -> UInt16 { UInt16(index.position + 1) }

    private mutating func answer(_ request: Request, _ replica: UInt16) {
        guard !random.chance(lossPercent) else { return }
        if replica == liar {
            let body: ReplyBody =
                request.kind == .open ? .opened(SessionID(instance: Instance(9), place: 9)) : .result([0])
            return post(.reply(Reply(view: .genesis, request: request.id, finality: .final, body: body)), from: replica)
        }
        let body = execute(request)
        let finality = random.chance(50) ? Finality.final : tentative(1, instance)
        post(.reply(Reply(view: .genesis, request: request.id, finality: finality, body: body)), from: replica)
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
                if !rig.view.isQuorum(certificate.voters) { complaints.append("no quorum") }
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
        rig.effects.removeAll()
    }
}
