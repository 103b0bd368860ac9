// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletSimulation

@Suite("What each liar does")
struct DeedTests {
    private static func deeds(_ kind: LiarKind, seeds: ClosedRange<UInt64> = 1...6) -> [String: Int] {
        var deeds: [String: Int] = [:]
        for seed in seeds {
            let report = Simulator.run(LiarScenarios.eventful([kind], replica: Int(seed % 2), seed: seed))
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            for deed in report.liarDeeds { deeds[deed.name, default: 0] += deed.count }
        }
        return deeds
    }

    @Test("The transfer liar draws others to it and gives them states and decisions of every wrong kind")
    func transfer() {
        let world = World(Scenarios.calm(), trace: Trace(nil))
        var context = LiarContext(
            view: world.view, me: ReplicaID(1), key: world.replicas[1].key, sealer: world.replicas[1].sealer,
            conspiracy: world.conspiracy, random: SeededRandom(seed: 4))
        for _ in 0..<200 {
            // Each liar gives another share of the chunks right.
            var liar = TransferLiar(&context)
            var outgoing = PeerMessageSamples.all(context).map { Outgoing($0, to: ReplicaID(0)) }
            liar.alter(&outgoing, &context)
        }
        let deeds = Set(context.details.keys.map(\.name))
        #expect(deeds.contains("transfer: boast"))
        #expect(deeds.filter { $0.hasPrefix("decisions: ") }.count >= 4, "\(deeds)")
        #expect(deeds.filter { $0.hasPrefix("offer: ") }.count >= 3, "\(deeds)")
        #expect(deeds.filter { $0.hasPrefix("manifest: ") }.count >= 3, "\(deeds)")
        #expect(deeds.filter { $0.hasPrefix("chunk: ") }.count >= 3, "\(deeds)")
        #expect(deeds.filter { $0.hasPrefix("batch: ") }.count >= 2, "\(deeds)")
        // In a world it is asked, too.
        #expect(Self.deeds(.transferLiar, seeds: 1...14).keys.contains { $0.hasPrefix("decisions: ") })
    }

    @Test("The view liar tells of other views in each of its ways, whatever its other lies made of the numbers")
    func views() {
        let world = World(Scenarios.calm(), trace: Trace(nil))
        var context = LiarContext(
            view: world.view, me: ReplicaID(1), key: world.replicas[1].key, sealer: world.replicas[1].sealer,
            conspiracy: world.conspiracy, random: SeededRandom(seed: 4))
        let digest = Digest(words: Words32(1, 2, 3, 4))
        let alone = [BatchEntry.probe(SequenceNumber(1), of: world.view[ReplicaIndex(1)].key)]
        for _ in 0..<100 {
            var liar = ViewLiar(&context)
            for number in [0, 1, .max] as [UInt64] {
                let epoch = Epoch(view: ViewNumber(number), regency: .first)
                let vote = PeerMessage.write(WriteVote(epoch: epoch, instance: Instance(1), digest: digest))
                let batch = Batch(instance: Instance(1), born: epoch, time: .zero, entries: alone)
                let messages =
                    PeerMessageSamples.all(context) + Array(repeating: vote, count: 20)
                    + [.propose(Propose(epoch: epoch, batch: batch))]
                var outgoing = messages.map { Outgoing($0, to: ReplicaID(0)) }
                liar.alter(&outgoing, &context)
            }
        }
        #expect(
            Set(context.details.keys.map(\.name)).isSuperset(of: [
                "vote of another view", "invented INSTALL", "INSTALL of another view",
                "INSTALL after another instance", "forged VIEWS", "proposal beyond one that stands alone",
                "many long proposals of the next view",
            ]), "\(context.details)")
    }

    @Test("The progress liar stands elsewhere, asks for everything and votes for what is not due")
    func progress() {
        let deeds = Self.deeds(.progressLiar, seeds: 1...3)
        #expect(deeds["progress: false", default: 0] > 0)
        #expect(deeds.keys.filter { $0.hasPrefix("asks: ") }.count == 5)
        #expect(deeds.keys.contains("STOP: without a reason"))
        #expect(deeds.keys.filter { $0.hasPrefix("votes: ") }.count == 2)
    }

    @Test("The voucher gives its word for what no client said")
    func vouches() {
        let deeds = Self.deeds(.voucher, seeds: 1...3)
        #expect(deeds.keys.filter { $0.hasPrefix("vouches: ") }.count == 2)
        #expect(deeds.keys.filter { $0.hasPrefix("forwards: ") }.count == 2, "\(deeds)")
    }

    @Test("The claim liar sees to it that there are leader changes to lie in")
    func claims() {
        var acts = 0
        for seed in 1...4 as ClosedRange<UInt64> {
            var scenario = Scenarios.calm()
            scenario.seed = seed
            scenario.liars = [LiarPlan(replica: 0, kinds: [.claimLiar])]
            let report = Simulator.run(scenario)
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            acts += report.liarActs.first { $0.name == LiarKind.claimLiar.rawValue }?.count ?? 0
        }
        #expect(acts > 0)
    }
}
