// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation

/// What a series of runs came to.
struct SimulationSummary {
    private(set) var seeds = 0
    private(set) var failedSeeds: [UInt64] = []
    /// The names of the failed runs that have one.
    private(set) var failedScenarios: [String] = []
    private(set) var violations = 0
    private var decided: [Int] = []
    private var runsWithLeaderChange = 0
    private var completedCalls = 0
    private var messages = 0
    private var virtualMicroseconds: UInt64 = 0
    /// In the order of the first report.
    private var liarActs: [(name: String, count: Int)] = []
    private var occurrences: [(name: String, count: Int)] = []
    /// Equal for two series that went the same way, in whatever order their runs ended.
    private var fingerprint: UInt64 = 0

    mutating func add(_ report: SimulationReport) {
        seeds += 1
        violations += report.violations.count
        if !report.violations.isEmpty {
            if report.scenario.isEmpty {
                failedSeeds.append(report.seed)
            } else {
                failedScenarios.append(report.scenario)
            }
        }
        decided.append(report.decidedInstances)
        runsWithLeaderChange += report.leaderChanges > 0 ? 1 : 0
        completedCalls += report.completedCalls
        messages += report.messages
        virtualMicroseconds += report.virtualMicroseconds
        Self.sum(report.liarActs, into: &liarActs)
        Self.sum(report.occurrences, into: &occurrences)
        fingerprint &+= report.fingerprint
    }

    private static func sum(
        _ counts: [(name: String, count: Int)], into totals: inout [(name: String, count: Int)]
    ) {
        for (name, count) in counts {
            if let place = totals.firstIndex(where: { $0.name == name }) {
                totals[place].count += count
            } else {
                totals.append((name, count))
            }
        }
    }

    private var decidedMedian: Int { decided.isEmpty ? 0 : decided.sorted()[decided.count / 2] }

    private var leaderChangePercent: Int { seeds == 0 ? 0 : runsWithLeaderChange * 100 / seeds }

    // MARK: Reporting

    func text(seconds: Double) -> String {
        let acts = table("what liars did", liarActs)
        let rest = table("what else occurred", occurrences)
        return """
            \(acts)

            \(rest)

            \(neverText)\(seeds) runs in \(Rounding.text(seconds, digits: 1)) s\(speed(seconds)): \
            median \(decidedMedian) instances decided, \(leaderChangePercent) % of the runs with a leader change,
            \(completedCalls) calls completed, \(messages) messages, fingerprint \(String(fingerprint, radix: 16)); \
            \(verdict)
            """
    }

    private func table(_ title: String, _ counts: [(name: String, count: Int)]) -> String {
        var table = ConsoleTable([.init(title), .init("times", .right)])
        for (name, count) in counts where count > 0 { table.add([name, "\(count)"]) }
        return table.text
    }

    /// What no run did: in a long series a hole in what the scenarios drive.
    private var never: [String] { (liarActs + occurrences).filter { $0.count == 0 }.map(\.name) }

    private var neverText: String {
        never.isEmpty || seeds < 100 ? "" : "never: \(never.joined(separator: " · "))\n\n"
    }

    private func speed(_ seconds: Double) -> String {
        guard seconds > 0 else { return "" }
        let rate = Rounding.text(Double(seeds) / seconds, digits: 1)
        return " (\(rate) runs/s, virtual time \(Rounding.text(ratio(seconds), digits: 1)) times real time)"
    }

    private func ratio(_ seconds: Double) -> Double { Double(virtualMicroseconds) / 1_000_000 / seconds }

    private var verdict: String {
        guard violations > 0 else { return "0 violations" }
        let failed = failedSeeds.sorted().map { "seed \($0)" } + failedScenarios.sorted()
        return "\(violations) violations in \(failed.count) runs: "
            + failed.prefix(20).joined(separator: ", ") + (failed.count > 20 ? ", …" : "")
    }

    func json(seconds: Double) -> JSONValue {
        func counts(_ list: [(name: String, count: Int)]) -> JSONValue {
            .object(list.map { JSONValue.Member(name: $0.name, value: .integer($0.count)) })
        }
        return .object([
            "seeds": .integer(seeds), "violations": .integer(violations),
            "failedSeeds": .list(failedSeeds.sorted().map { .integer(Int(clamping: $0)) }),
            "failedScenarios": .list(failedScenarios.sorted().map { .text($0) }),
            "seconds": .number(seconds), "medianDecidedInstances": .integer(decidedMedian),
            "runsWithLeaderChange": .integer(runsWithLeaderChange), "completedCalls": .integer(completedCalls),
            "messages": .integer(messages), "fingerprint": .text(String(fingerprint, radix: 16)),
            "seedsPerSecond": .number(seconds > 0 ? Double(seeds) / seconds : 0),
            "virtualToRealTime": .number(seconds > 0 ? ratio(seconds) : 0),
            "never": .list(never.map { .text($0) }), "liars": counts(liarActs), "occurrences": counts(occurrences),
        ])
    }
}
