// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletSimulation
import MartletTypes

/// What was measured in one trial; times are in microseconds since its beginning.
struct TrialResult: Sendable {
    struct Entry: Sendable {
        let began: Double
        let took: Double
    }

    /// A view that followed another.
    struct Change: Sendable {
        let at: Double
        let view: View

        /// By the replicas' numbers, as the trial has them; in the view they may stand in another order.
        var assignment: WeightAssignment {
            let number = { (member: ReplicaIndex) in ReplicaIndex(Int(view[member].id.rawValue)) }
            return WeightAssignment(
                leader: number(view.leaderOrder[0]), heavy: ReplicaSet(view.heavyMembers.map(number)))
        }
    }

    /// At the leader, from sending PROPOSE to deciding.
    var consensus: [Entry] = []
    /// By client: from a call to the accepted result.
    var calls: [[Entry]] = []
    var changes: [Change] = []
    var leaderChanges = 0
    /// Rules that the run broke.
    var violations: [String] = []

    func consensus(from begin: Double) -> LatencySample { Self.sample(consensus, from: begin) }

    func calls(from begin: Double) -> [LatencySample] { calls.map { Self.sample($0, from: begin) } }

    private static func sample(_ entries: [Entry], from begin: Double) -> LatencySample {
        LatencySample(entries.filter { $0.began >= begin }.map(\.took))
    }
}

/// In virtual time.
extension TrialResult {
    init(simulating scenario: Scenario) {
        let report = Simulator.run(scenario)
        consensus = report.consensusTimes.entries.map { entry in
            Entry(began: Self.microseconds(entry.proposed.since(.zero)), took: Self.microseconds(entry.took))
        }
        calls = Array(repeating: [], count: scenario.clients.count)
        var begun: [OperationID: Instant] = [:]
        for event in report.history.events {
            switch event {
            case .call(let id, _, let at): begun[id] = at
            case .end(let id, .answer, let at):
                guard let begin = begun.removeValue(forKey: id) else { continue }
                calls[id.client].append(
                    Entry(began: Self.microseconds(begin.since(.zero)), took: Self.microseconds(at.since(begin))))
            case .end: continue
            }
        }
        changes = report.views.map { Change(at: Self.microseconds($0.at.since(.zero)), view: $0.view) }
        leaderChanges = report.leaderChanges
        violations = report.violations
    }

    private static func microseconds(_ interval: Interval) -> Double { Double(interval.nanoseconds) / 1_000 }
}
