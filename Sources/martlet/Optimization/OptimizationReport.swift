// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletTypes

/// What `martlet optimize` found.
struct OptimizationReport {
    /// A candidate, and all that is predicted for it.
    struct Detail {
        let candidate: Candidate
        let consensus: Latency
        /// The mean over all clients.
        let client: Latency
        let clientsByPlace: [Latency]
    }

    let names: [String]
    let clientNames: [String]
    let rule: QuorumRule
    let isForClients: Bool
    let candidates: UInt64
    let outcome: SearchOutcome
    let best: Detail
    let leaderOrder: [ReplicaIndex]
    /// Consensus with equal weights, by leader.
    let baselines: [Latency]
    /// All candidates, the best first, when asked for.
    let all: [Detail]?

    static func milliseconds(_ latency: Latency) -> String {
        latency.isMissing ? "never" : Rounding.text(Double(latency.rawValue) / 1_000, digits: 2) + " ms"
    }

    func name(_ replica: ReplicaIndex) -> String { names[replica.position] }

    /// The leader with equal weights that is fastest; the first of equals.
    var baseline: (leader: ReplicaIndex, latency: Latency) {
        let latency = baselines.min() ?? .missing
        return (ReplicaIndex(baselines.firstIndex(of: latency) ?? 0), latency)
    }
}

/// For people.
extension OptimizationReport {
    var text: String {
        var parts = [sizes, comparison, sites, "Leaders, one after another: \(list(leaderOrder))."]
        if let all { parts.append(Self.table(all.map { row("", $0) }, titles: ["leader"])) }
        return parts.joined(separator: "\n\n")
    }

    private var sizes: String {
        let searched = outcome.method == .exhaustive ? "all of them predicted" : "searched by heuristic"
        let count = candidates == .max ? "more candidates than can be counted" : "\(candidates) candidates"
        return
            "\(rule.n) replicas, f = \(rule.f) (\(rule.faultModel)), Δ = \(rule.delta): \(rule.heavyCount) are heavy.\n"
            + "\(count), \(searched); in the best, \(isForClients ? "clients wait" : "consensus takes") least."
    }

    private var comparison: String {
        let equal = QuorumSizes(rule).equal
        var rows = [row("best", best)]
        if let survey = outcome.survey {
            let place = isForClients ? 4 : 3
            for (title, latency) in [("median", survey.median), ("worst", survey.worst)] {
                var cells = [title, "", "", "", ""]
                cells[place] = Self.milliseconds(latency)
                rows.append(cells)
            }
        }
        let (leader, latency) = baseline
        rows.append(["equal weights", name(leader), "any \(equal) of \(rule.n) decide", Self.milliseconds(latency)])
        return Self.table(rows, titles: ["", "leader"])
    }

    private var sites: String {
        var table = ConsoleTable([.init("client at"), .init("waits", .right)])
        for (name, latency) in zip(clientNames, best.clientsByPlace) { table.add([name, Self.milliseconds(latency)]) }
        return table.text
    }

    private func row(_ title: String, _ detail: Detail) -> [String] {
        let assignment = detail.candidate.assignment
        let cells = [
            name(assignment.leader), list(assignment.heavy), Self.milliseconds(detail.consensus),
            Self.milliseconds(detail.client),
        ]
        return title.isEmpty ? cells : [title] + cells
    }

    private func list(_ replicas: some Sequence<ReplicaIndex>) -> String {
        replicas.map { name($0) }.joined(separator: ", ")
    }

    private static func table(_ rows: [[String]], titles: [String]) -> String {
        var table = ConsoleTable(
            titles.map { .init($0) } + [.init("heavy"), .init("consensus", .right), .init("clients", .right)])
        for row in rows { table.add(row) }
        return table.text
    }
}

/// For programs. Replicas are numbers, in the order of their names.
extension OptimizationReport {
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "ok", value: true), .init(name: "n", value: .integer(rule.n)),
            .init(name: "f", value: .integer(rule.f)), .init(name: "delta", value: .integer(rule.delta)),
            .init(name: "faultModel", value: .text("\(rule.faultModel)")),
            .init(name: "objective", value: isForClients ? "client" : "consensus"),
            .init(name: "replicas", value: .list(names.map { .text($0) })),
            .init(name: "clients", value: .list(clientNames.map { .text($0) })),
            .init(name: "search", value: .text(outcome.method.rawValue)),
            .init(name: "candidates", value: candidates == .max ? .null : .integer(Int(clamping: candidates))),
            .init(name: "predictions", value: .integer(outcome.predictions)),
            .init(name: "best", value: Self.json(best)),
            .init(name: "leaderOrder", value: .list(leaderOrder.map { .integer($0.position) })),
            .init(name: "equalWeights", value: equalWeights),
        ]
        if let survey = outcome.survey {
            members.append(.init(name: "medianMicroseconds", value: Self.json(survey.median)))
            members.append(.init(name: "worstMicroseconds", value: Self.json(survey.worst)))
        }
        if let all { members.append(.init(name: "all", value: .list(all.map(Self.json)))) }
        return .object(members)
    }

    private var equalWeights: JSONValue {
        .object([
            "quorum": .integer(QuorumSizes(rule).equal), "leader": .integer(baseline.leader.position),
            "predictedMicroseconds": Self.json(baseline.latency),
            "byLeader": .list(baselines.map(Self.json)),
        ])
    }

    private static func json(_ detail: Detail) -> JSONValue {
        .object([
            "leader": .integer(detail.candidate.assignment.leader.position),
            "heavy": .list(detail.candidate.assignment.heavy.map { .integer($0.position) }),
            "predictedMicroseconds": json(detail.candidate.latency), "consensusMicroseconds": json(detail.consensus),
            "clientMicroseconds": json(detail.client),
            "clientMicrosecondsByPlace": .list(detail.clientsByPlace.map(json)),
        ])
    }

    private static func json(_ latency: Latency) -> JSONValue {
        latency.isMissing ? .null : .integer(Int(clamping: latency.rawValue))
    }
}
