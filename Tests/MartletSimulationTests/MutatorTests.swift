// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

@testable import MartletSimulation

@Suite("Small-scope mutation")
struct MutatorTests {
    /// A view with the keys of all, and two liars' contexts of it.
    private static func context(_ replica: Int) -> LiarContext {
        let world = World(Scenarios.calm(), trace: Trace(nil))
        let member = world.replicas[replica]
        return LiarContext(
            view: world.view, me: member.id, key: member.key, sealer: member.sealer,
            conspiracy: world.conspiracy, random: SeededRandom(seed: 9))
    }

    private static let digest = Digest(words: Words32(1, 2, 3, 4))
    private static let epoch = Epoch(view: .genesis, regency: Regency(2))

    private static func walker(_ replica: Int = 1) -> FieldWalker {
        FieldWalker(sealer: context(replica).sealer, random: SeededRandom(seed: 5))
    }

    @Test("Counting and learning leave a message as it is")
    func untouched() {
        var walker = Self.walker()
        for message in PeerMessageSamples.all(Self.context(1)) {
            for task in [FieldWalker.Task.count, .learn(isOwn: true), .learn(isOwn: false)] {
                walker.begin(task)
                #expect(walker.walk(message) == message && walker.done == nil)
            }
        }
    }

    @Test("One thing is changed, in every kind of message and in every way that its fields allow")
    func everyKind() {
        var walker = Self.walker()
        var seen: [MessageKind: Set<Mutation>] = [:]
        for round in 0..<600 {
            for message in PeerMessageSamples.all(Self.context(1)) {
                walker.begin(.learn(isOwn: round % 2 == 0))
                _ = walker.walk(message)
                guard let lie = walker.mutated(message), let mutation = walker.done else { continue }
                #expect(lie != message && MessageKind(lie) == MessageKind(message))
                seen[MessageKind(message), default: []].insert(mutation)
            }
        }
        #expect(seen.count == 30)
        for kind in MessageKind.allCases {
            guard let mutations = seen[kind] else { continue }
            #expect(mutations.count >= 2, "\(kind): \(mutations)")
        }
        #expect(seen[.write]?.isSuperset(of: [.plusOne, .minusOne]) == true)
        #expect(seen[.stopData]?.isSuperset(of: [.absent, .duplicated, .swapped, .dropped, .plusOne]) == true)
        #expect(seen[.decisions]?.contains(.absent) == true)
    }

    @Test("What carries the liar's own signature is signed anew; nobody else's signature is ever made")
    func signatures() throws {
        let world = World(Scenarios.calm(), trace: Trace(nil))
        let own = world.replicas[1]
        let vote = own.sealer.seal(
            .checkpoint(CheckpointVote(view: .genesis, instance: Instance(8), digest: Self.digest)))
        var walker = FieldWalker(sealer: own.sealer, random: SeededRandom(seed: 3))
        var valid = 0
        for _ in 0..<60 {
            guard let lie = walker.mutated(vote) else { continue }
            do {
                _ = try world.replicas[0].verifier.verify(lie, from: ReplicaID(1))
                valid += 1
            } catch {}
            #expect(throws: (any Error).self) {
                try world.replicas[0].verifier.verify(lie, from: ReplicaID(2))
            }
        }
        #expect(valid > 20)
    }

    /// Seed 3093: a trap.
    @Test("A STOPDATA in which the liar before it has named another sender is changed, and not signed")
    func anothersStopData() throws {
        let world = World(Scenarios.calm(), trace: Trace(nil))
        let own = world.replicas[1]
        let data = StopData(
            epoch: Epoch(view: .genesis, regency: Regency(2)), sender: ReplicaID(2), base: nil, checkpoint: nil,
            claims: [InstanceClaim(instance: Instance(3), lock: nil, writeSet: [])])
        var walker = FieldWalker(sealer: own.sealer, random: SeededRandom(seed: 3))
        var changed = 0
        for _ in 0..<200 {
            guard case .stopData(let lie)? = walker.mutated(.stopData(data)) else { continue }
            changed += 1
            #expect(throws: (any Error).self) {
                try world.replicas[0].verifier.verify(.stopData(lie), from: ReplicaID(2))
            }
        }
        #expect(changed > 100)
    }

    @Test("Replies to clients are changed too")
    func replies() {
        var walker = Self.walker()
        let id = RequestID(
            client: ClientID(PublicKey(words: Words32(1, 1, 1, 1))),
            session: SessionID(instance: Instance(1), place: 0),
            sequence: SequenceNumber(4))
        let reply = Reply(view: .genesis, request: id, finality: .final, body: .result([1, 2, 3]))
        let read = ReadReply(view: .genesis, number: 4, version: Instance(3), result: [1])
        let refusal = Refusal(request: id, reason: .overloaded)
        var lies = Set<Reply>()
        for _ in 0..<200 {
            if let lie = walker.mutated(reply) { lies.insert(lie) }
            #expect(walker.mutated(read) != read && walker.mutated(refusal) != refusal)
        }
        #expect(lies.count > 8 && lies.contains { $0.finality != .final })
    }

    @Test("The report counts mutations by kind of message and kind of change")
    func report() {
        var deeds = Set<String>()
        for seed in 1...6 as ClosedRange<UInt64> {
            let report = Simulator.run(LiarScenarios.eventful([.mutator], replica: Int(seed % 2), seed: seed))
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            deeds.formUnion(report.liarDeeds.map(\.name))
        }
        #expect(deeds.contains("WRITE: one more") && deeds.contains("ACCEPT: another's value"))
        #expect(deeds.count > 30)
    }
}
