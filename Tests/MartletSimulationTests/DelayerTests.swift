// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletSimulation

@Suite("The liar that is slow")
struct DelayerTests {
    /// Proposes until others complain at a delay of `bearable`, then goes on.
    @Test("It learns how much is borne, and stays just below", arguments: [5, 40, 300] as [UInt64])
    func adapts(bearable: UInt64) {
        let world = World(Scenarios.calm(), trace: Trace(nil))
        var context = LiarContext(
            view: world.view, me: ReplicaID(0), key: world.replicas[0].key, sealer: world.replicas[0].sealer,
            conspiracy: world.conspiracy, random: SeededRandom(seed: 1))
        var delayer = Delayer(&context)
        var stops = 0
        for instance in 1...600 as ClosedRange<UInt64> {
            let batch = Batch(instance: Instance(instance), born: context.epoch, time: .zero, entries: [])
            var outgoing = [Outgoing(.propose(Propose(epoch: context.epoch, batch: batch)), to: ReplicaID(1))]
            delayer.alter(&outgoing, &context)
            guard outgoing[0].delay > .milliseconds(bearable) else { continue }
            stops += 1
            let next = context.epoch.regency.next
            delayer.observe(
                .stop(Stop(view: .genesis, regency: next, reason: .requestTimeout)), from: ReplicaID(2))
            // It comes to lead again, four regencies later.
            context.epoch = Epoch(view: .genesis, regency: Regency(context.epoch.regency.rawValue + 4))
        }
        #expect(stops == 1)
        #expect(delayer.delay <= .milliseconds(bearable))
        #expect(delayer.delay > .milliseconds(bearable) * 6 / 10)
    }

    @Test("What it holds back arrives later by that much, and the group goes on")
    func world() {
        var acts = 0
        for seed in 1...4 as ClosedRange<UInt64> {
            let report = Simulator.run(LiarScenarios.eventful([.delayer], replica: 0, seed: seed))
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            acts += report.liarDeeds.first { $0.name == "delay: leading" }?.count ?? 0
        }
        #expect(acts > 0)
    }
}
