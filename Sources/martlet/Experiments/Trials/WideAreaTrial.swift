// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletOptimizer
import MartletSimulation
import MartletTypes

/// What a trial on emulated links is made of, apart from who leads and who is heavy.
struct WideAreaTrial: Sendable {
    /// What clients ask for, all the time.
    enum Load: CaseIterable, Hashable, Sendable {
        /// Puts, in a group without unordered reads.
        case writes
        /// Puts, in a group that has unordered reads.
        case writesBesideReads
        /// Puts, in a group that has unordered reads too and executes tentatively.
        case tentativeWrites
        /// Reads that are not ordered, of keys that nobody is writing.
        case reads
    }

    let places: MatrixPlaces
    /// Replica i is at the i-th of these places; there is one client at each of the others.
    let replicas: [Int]
    let clients: [Int]
    let rule: QuorumRule
    let effort: TrialEffort

    /// As `martlet simulate --scenario` and `martlet wan --scenario` read it.
    func scenario(_ assignment: WeightAssignment, leaderOrder: [ReplicaIndex], _ load: Load) -> Scenario {
        var scenario = Scenario(seed: effort.seed)
        scenario.name = "wide-area"
        scenario.faultModel = rule.faultModel
        scenario.n = rule.n
        scenario.f = rule.f
        scenario.leaders = leaderOrder.map(\.position)
        scenario.heavy = assignment.heavy.map(\.position)
        scenario.matrix = places.matrix
        scenario.placement = replicas + clients
        scenario.links.delayMin = .zero
        scenario.links.delaySpread = .zero
        scenario.timeouts.requestMin = .seconds(2)
        // As the library has it.
        scenario.clientTiming.retryMin = .milliseconds(200)
        scenario.clientTiming.retryMax = .seconds(4)
        scenario.clientTiming.readFallbackMin = .milliseconds(50)
        scenario.settings.hasUnorderedReads = load != .writes
        scenario.settings.executesTentatively = load == .tentativeWrites
        let end = Instant.zero + .seconds(UInt64(effort.warmupSeconds + effort.seconds))
        scenario.clientsUntil = end
        scenario.healsAt = end
        scenario.clients = Array(repeating: plan(load), count: clients.count)
        return scenario
    }

    private func plan(_ load: Load) -> ClientPlan {
        var plan = ClientPlan()
        plan.operationsMin = 1
        plan.operationsMax = Int(Int32.max)
        plan.thinkMax = .zero
        plan.pauseMax = .milliseconds(150)
        plan.putsOnly = true
        plan.valueBytes = effort.payload
        plan.readPermille = load == .reads ? 1_000 : 0
        return plan
    }
}

/// How much is measured.
struct TrialEffort: Sendable {
    let seconds: Int
    /// What begins earlier is not counted.
    let warmupSeconds: Int
    /// Bytes of each value that is put.
    let payload: Int
    let seed: UInt64
}
