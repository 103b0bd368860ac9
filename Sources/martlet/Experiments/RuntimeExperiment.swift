// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletSimulation
import MartletTypes

/// A group that adapts while it runs (adaptation §8, experiment 3): it begins with the worst leader and weights that there
/// are; a heavy replica's outgoing links become slow, and quick again; then the leader dies.
struct RuntimeExperiment: Sendable {
    /// What the links are like for a while, and the best that could be made of it, without regard to how little it gains.
    struct Part: Sendable {
        let event: String
        let best: Latency
        /// Who dies then. In the rehearsal it led; among processes another may lead by then.
        var dead: ReplicaIndex?
    }

    /// Whom the changes befall: a heavy replica that does not lead, and the leader, as the group stands by then.
    private struct Victims: Sendable {
        var slow: ReplicaIndex?
        var dead: ReplicaIndex?
    }

    private static let partCount = 4

    let trial: WideAreaTrial
    /// c.
    let period: Int
    private let start: WeightAssignment
    private let slowBy: Interval
    private let spread: Interval

    init(_ trial: WideAreaTrial, period: Int, slowBy: Interval, spread: Interval) throws {
        self.trial = trial
        self.period = period
        self.slowBy = slowBy
        self.spread = spread
        guard trial.rule.f > 0 else { throw CommandFailure("with f = 0 there is nothing to choose") }
        let links = trial.places.links(between: trial.replicas)
        let model = LatencyModel(rule: trial.rule, propose: links, vote: links)
        let ids = Self.ids(trial)
        let optimizer = Optimizer(model: model, ids: ids)
        guard optimizer.space.count <= ConfigurationsExperiment.candidatesMax,
            let worst = ExhaustiveSearch.ranking(model, optimizer.space, ids: ids).last
        else { throw CommandFailure("there are too many configurations: name fewer replicas with --replicas") }
        start = worst.assignment
    }

    private static func ids(_ trial: WideAreaTrial) -> [ReplicaID] {
        trial.replicas.indices.map { ReplicaID(UInt16($0)) }
    }

    // MARK: - Running

    /// Of equally good configurations chance decides which one a group takes; so what happens until then is first run in
    /// virtual time, to know who is heavy and who leads.
    func run(_ runner: TrialRunner) async throws -> RuntimeReport {
        var victims = Victims()
        let settled = standing(after: try await simulated(parts: 1, victims))
        victims.slow = settled.heavy.first { $0 != settled.leader } ?? settled.leader
        let relieved = standing(after: try await simulated(parts: 3, victims))
        victims.dead = relieved.leader
        let result = try await runner.run([scenario(parts: Self.partCount, victims)])[0]
        return RuntimeReport(
            names: trial.replicas.map { trial.places.name($0) },
            clientNames: trial.clients.map { trial.places.name($0) }, start: start, parts: parts(victims),
            period: period, partMicroseconds: Double(trial.effort.seconds) * 1e6, result: result)
    }

    private func simulated(parts: Int, _ victims: Victims) async throws -> TrialResult {
        try await TrialRunner.simulated(jobs: 1).run([scenario(parts: parts, victims)])[0]
    }

    private func standing(after result: TrialResult) -> WeightAssignment {
        result.changes.last?.assignment ?? start
    }

    private func scenario(parts: Int, _ victims: Victims) -> Scenario {
        let links = trial.places.links(between: trial.replicas)
        let optimizer = Optimizer(
            model: LatencyModel(rule: trial.rule, propose: links, vote: links), ids: Self.ids(trial))
        var scenario = trial.scenario(
            start, leaderOrder: optimizer.leaderOrder(of: start), .writes)
        scenario.name = "run-time adaptation"
        scenario.settings.measuringPermille = GroupSettings().measuringPermille
        scenario.settings.calculationPeriod = period
        scenario.clientsUntil = .zero + time(of: parts)
        scenario.healsAt = scenario.clientsUntil
        let everyone = NodeSet(Array(0..<trial.replicas.count + trial.clients.count))
        if let slow = victims.slow {
            scenario.linkFaults = [
                LinkFault(
                    from: NodeSet([slow.position]), to: everyone, begin: .zero + time(of: 1), end: .zero + time(of: 2),
                    kind: .slow(by: slowBy, spread: spread))
            ]
        }
        if let dead = victims.dead {
            scenario.replicaFaults = [
                ReplicaFault(replica: dead.position, at: .zero + time(of: 3), kind: .crash(restartAt: nil))
            ]
        }
        return scenario
    }

    /// When a part begins, since the beginning.
    private func time(of part: Int) -> Interval { .seconds(UInt64(part * trial.effort.seconds)) }

    // MARK: - What would be best

    private func parts(_ victims: Victims) -> [Part] {
        guard let slow = victims.slow, let dead = victims.dead else { return [] }
        let extra = (slowBy.nanoseconds + spread.nanoseconds / 2) / 1_000
        let quiet = best { _, _, latency in latency }
        let name = { (replica: ReplicaIndex) in trial.places.name(trial.replicas[replica.position]) }
        return [
            Part(event: "begins in the worst configuration", best: quiet),
            Part(
                event: "\(name(slow)) sends late",
                best: best { from, _, latency in from == slow ? Latency(latency.rawValue + extra) : latency }),
            Part(event: "\(name(slow)) is quick again", best: quiet),
            Part(
                event: "\(name(dead)) dies",
                best: best { from, to, latency in from == dead || to == dead ? .missing : latency }, dead: dead),
        ]
    }

    private func best(_ change: (ReplicaIndex, ReplicaIndex, Latency) -> Latency) -> Latency {
        let links = trial.places.links(between: trial.replicas)
        let everyone = trial.replicas.indices.map { ReplicaIndex($0) }
        let changed = LinkLatencies(
            everyone.map { from in everyone.map { to in change(from, to, links[from: from, to: to]) } })
        let model = LatencyModel(rule: trial.rule, propose: changed, vote: changed)
        return Optimizer(model: model, ids: Self.ids(trial)).search().best?.latency ?? .missing
    }
}
