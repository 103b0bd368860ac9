// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes

/// What came of a wide-area run, and of the same in virtual time where asked for.
struct WideAreaReport: ExperimentReport, Sendable {
    let scenario: Scenario
    let result: TrialResult
    let simulated: TrialResult?
    /// What the relay counted: connections, bytes, and by how many nanoseconds it was late, on average and at most.
    let relay: [Int]?
    /// What began earlier, in microseconds, is not counted.
    let warmup: Double

    var isSound: Bool { result.violations.isEmpty && result.calls.allSatisfy { !$0.isEmpty } }

    private var siteNames: [String] {
        scenario.clients.indices.map { client in
            guard let matrix = scenario.matrix else { return "client \(client)" }
            let node = scenario.n + client
            let placement = scenario.placement
            return matrix.regions[
                placement.isEmpty ? node % matrix.regions.count : placement[node % placement.count]]
        }
    }

    /// A line for consensus, then one for each client.
    private var lines: [(name: String, real: LatencySample, simulated: LatencySample?)] {
        let consensus = [
            ("consensus", result.consensus(from: warmup), simulated?.consensus(from: warmup))
        ]
        let clients = zip(siteNames, result.calls(from: warmup)).enumerated().map { place, site in
            (site.0, site.1, simulated?.calls(from: warmup)[place])
        }
        return consensus + clients
    }

    // MARK: - For people

    var text: String {
        var table = ConsoleTable(
            [
                .init(""), .init("count", .right), .init("mean", .right), .init("p50", .right), .init("p90", .right),
                .init("p99", .right),
            ] + (simulated == nil ? [] : [.init("simulated mean", .right), .init("difference", .right)]))
        for line in lines {
            let (real, other) = (line.real.middleMean, line.simulated?.middleMean)
            var cells = [line.name, "\(line.real.count)"]
            cells += [real, line.real.percentile(50), line.real.percentile(90), line.real.percentile(99)]
                .map(Self.milliseconds)
            if line.simulated != nil {
                let difference = real.flatMap { real in other.map { (real - $0) * 100 / $0 } }
                cells += [
                    Self.milliseconds(other), difference.map { Rounding.text($0, digits: 2) + " %" } ?? "unknown",
                ]
            }
            table.add(cells)
        }
        var parts = ["Milliseconds; means of the 11th to the 90th percentile.", table.text, relayText]
        if result.leaderChanges > 0 { parts.append("\(result.leaderChanges) leader changes") }
        parts += result.violations
        return parts.joined(separator: "\n\n")
    }

    private var relayText: String {
        guard let relay, relay.count == 4 else { return "The relay has not said what it did." }
        let milliseconds = { (place: Int) in Self.milliseconds(Double(relay[place]) / 1_000) }
        return "The relay joined \(relay[0]) connections and passed on \(relay[1]) bytes; it was late by "
            + "\(milliseconds(2)) ms on average and \(milliseconds(3)) ms at most."
    }

    private static func milliseconds(_ microseconds: Double?) -> String {
        microseconds.map { Rounding.text($0 / 1_000, digits: 2) } ?? "none"
    }

    // MARK: - For programs

    var json: JSONValue {
        let rows = lines.map { line -> JSONValue in
            .object([
                "name": .text(line.name), "count": .integer(line.real.count),
                "meanMicroseconds": Self.json(line.real.middleMean),
                "p50Microseconds": Self.json(line.real.percentile(50)),
                "p90Microseconds": Self.json(line.real.percentile(90)),
                "p99Microseconds": Self.json(line.real.percentile(99)),
                "simulatedMicroseconds": Self.json(line.simulated?.middleMean),
            ])
        }
        return .object([
            "ok": .boolean(isSound), "rows": .list(rows), "leaderChanges": .integer(result.leaderChanges),
            "relayLateMicrosecondsMean": Self.json(relay.map { Double($0[2]) / 1_000 }),
            "relayLateMicrosecondsMax": Self.json(relay.map { Double($0[3]) / 1_000 }),
            "violations": .list(result.violations.map { .text($0) }),
        ])
    }

    private static func json(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

    /// What clients at each place waited, over time.
    var chart: Chart {
        let last = result.calls.joined().map(\.began).max() ?? 0
        let step = max(1, (last / 1_000_000 / 40).rounded(.up))
        let slots = Int(last / 1_000_000 / step) + 1
        let series = zip(siteNames, result.calls).map { name, calls in
            Chart.Series(
                name, .line,
                (0..<slots).map { slot in
                    let inside = calls.filter { Int($0.began / 1_000_000 / step) == slot }
                    return LatencySample(inside.map(\.took)).mean.map { $0 / 1_000 }
                })
        }
        return Chart(
            title: "What clients wait, over time", xTitle: "seconds since the beginning", yTitle: "milliseconds",
            categories: (0..<slots).map { "\(Int(step) * $0)" }, series: series)
    }
}
