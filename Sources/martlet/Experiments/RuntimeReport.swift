// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletTypes

/// What a group made of changes of its links and members.
struct RuntimeReport: ExperimentReport, Sendable {
    /// As the issue of speed has it: so near to the best configuration, and after so many calculations.
    static let tolerancePercent = 5.0
    static let calculationsMax = 2

    struct Row: Sendable {
        let event: String
        /// The views that began, with how many instances had been decided since the event.
        let views: [(instances: Int, assignment: WeightAssignment)]
        /// What stands at its end.
        let assignment: WeightAssignment
        let best: Latency
        /// From two calculations after the event on.
        let consensus: LatencySample
        /// Until the first view of the part began; nil where none did.
        let before: LatencySample?
        let clients: Double?

        /// By how much more than the best it took in the end, in percent.
        var excess: Double? {
            consensus.middleMean.map { ($0 - Double(best.rawValue)) * 100 / Double(best.rawValue) }
        }

        var isMet: Bool { excess.map { $0 <= RuntimeReport.tolerancePercent } ?? false }
    }

    let names: [String]
    let clientNames: [String]
    let start: WeightAssignment
    let parts: [RuntimeExperiment.Part]
    let period: Int
    let partMicroseconds: Double
    let result: TrialResult

    var isSound: Bool { result.violations.isEmpty && rows.allSatisfy { $0.consensus.count > 0 } }

    var rows: [Row] {
        var assignment = start
        return parts.enumerated().map { place, part in
            let (begin, end) = (Double(place) * partMicroseconds, Double(place + 1) * partMicroseconds)
            let entries = result.consensus.filter { $0.began >= begin && $0.began < end }.sorted { $0.began < $1.began }
            let views = result.changes.filter { $0.at >= begin && $0.at < end }.map { change in
                (
                    instances: entries.count { $0.began < change.at },
                    assignment: change.assignment
                )
            }
            let event = part.event + (part.dead.map { role(of: $0, in: assignment) } ?? "")
            if let last = views.last { assignment = last.assignment }
            let settled = entries.dropFirst(Self.calculationsMax * period)
            let before = views.first.map { first in LatencySample(entries.prefix(first.instances).map(\.took)) }
            let from = settled.first?.began ?? end
            let calls = result.calls.compactMap { calls in
                LatencySample(calls.filter { $0.began >= from && $0.began < end }.map(\.took)).middleMean
            }
            return Row(
                event: event, views: views, assignment: assignment, best: part.best,
                consensus: LatencySample(settled.map(\.took)), before: before,
                clients: calls.isEmpty ? nil : calls.reduce(0, +) / Double(calls.count))
        }
    }

    private func role(of replica: ReplicaIndex, in assignment: WeightAssignment) -> String {
        if assignment.leader == replica { return ", which leads" }
        return assignment.heavy.contains(replica) ? ", which is heavy" : ", which is light"
    }

    private func name(_ assignment: WeightAssignment) -> String {
        let heavy = assignment.heavy.filter { $0 != assignment.leader }.map { "\($0.position)" }
        let leads = assignment.heavy.contains(assignment.leader) ? "" : " (light)"
        return "⟨" + (["\(assignment.leader.position)\(leads)"] + heavy).joined(separator: ",") + "⟩"
    }

    // MARK: - For people

    var text: String {
        var table = ConsoleTable([
            .init("what happens"), .init("before", .right), .init("views, and after how many instances"),
            .init("in the end"), .init("best", .right), .init("consensus", .right), .init("over the best", .right),
            .init("clients", .right),
        ])
        for row in rows {
            let views = row.views.map { "\(name($0.assignment)) \($0.instances)" }.joined(separator: ", ")
            table.add([
                row.event, Self.milliseconds(row.before?.middleMean), views.isEmpty ? "none" : views,
                name(row.assignment), Self.milliseconds(Double(row.best.rawValue)),
                Self.milliseconds(row.consensus.middleMean),
                row.excess.map { Rounding.text($0, digits: 2) + " %" } ?? "not measured",
                Self.milliseconds(row.clients),
            ])
        }
        let places = names.enumerated().map { "\($0) \($1)" }.joined(separator: ", ")
        let met = rows.count(where: \.isMet)
        var lines = [
            "Replicas: \(places). c = \(period). Milliseconds; means of the 11th to the 90th percentile, consensus and clients "
                + "from two calculations after what happens on.",
            table.text,
            "Within \(Rounding.text(Self.tolerancePercent, digits: 0)) % of the best after at most two calculations: "
                + "\(met) of \(rows.count).",
        ]
        lines += result.violations
        return lines.joined(separator: "\n\n")
    }

    private static func milliseconds(_ microseconds: Double?) -> String {
        microseconds.map { Rounding.text($0 / 1_000, digits: 2) } ?? "none"
    }

    // MARK: - For programs

    var json: JSONValue {
        let list = rows.map { row -> JSONValue in
            .object([
                "event": .text(row.event), "assignment": .text(name(row.assignment)),
                "views": .list(
                    row.views.map {
                        .object(["assignment": .text(name($0.assignment)), "instances": .integer($0.instances)])
                    }),
                "bestMicroseconds": .integer(Int(clamping: row.best.rawValue)),
                "beforeMicroseconds": Self.json(row.before?.middleMean),
                "consensusMicroseconds": Self.json(row.consensus.middleMean),
                "excessPercent": Self.json(row.excess), "clientMicroseconds": Self.json(row.clients),
                "met": .boolean(row.isMet),
            ])
        }
        return .object([
            "ok": .boolean(isSound), "period": .integer(period), "parts": .list(list),
            "violations": .list(result.violations.map { .text($0) }),
        ])
    }

    private static func json(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

    /// What clients at each place waited, over time, with what happened.
    var chart: Chart {
        let slots = 80
        let step = partMicroseconds * Double(parts.count) / Double(slots)
        let series = zip(clientNames, result.calls).map { name, calls in
            Chart.Series(
                name, .line,
                (0..<slots).map { slot in
                    let inside = calls.filter { Int($0.began / step) == slot }
                    return LatencySample(inside.map(\.took)).mean.map { $0 / 1_000 }
                })
        }
        var chart = Chart(
            title: "What clients wait while links and replicas change", xTitle: "seconds since the beginning",
            yTitle: "milliseconds",
            categories: (0..<slots).map { $0 % 8 == 0 ? "\(Int(Double($0) * step / 1e6))" : "" },
            series: series)
        chart.marks = rows.enumerated().map { (Double($0) * partMicroseconds / step, $1.event) }
        chart.marks += result.changes.map { change in
            (change.at / step, name(change.assignment))
        }
        return chart
    }
}
