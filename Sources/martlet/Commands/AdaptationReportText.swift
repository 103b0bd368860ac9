// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What `martlet adaptation` says.
struct AdaptationReportText {
    let group: GroupAdaptation

    // MARK: History

    var history: String {
        let records = group.calculations
        guard !records.isEmpty else { return state + "\n" + nothingYet }
        var table = ConsoleTable([
            .init("after", .right), .init("due at", .right), .init("view", .right), .init("leader", .right),
            .init("current ms", .right), .init("best ms", .right), .init("median ms", .right),
            .init("worst ms", .right),
            .init("chosen leader", .right), .init("chosen heavy"), .init("what became of it"),
        ])
        for record in records { table.add(cells(for: record)) }
        return table.text + "\n\n" + state
    }

    private func cells(for record: CalculationRecord) -> [String] {
        let (outcome, predictions) = (record.outcome, record.outcome.predictions)
        return [
            "\(record.input.instance)", "\(due(record))", "\(record.input.view)", "\(record.input.leader)",
            Self.milliseconds(predictions.current), Self.milliseconds(predictions.best),
            Self.milliseconds(predictions.median), Self.milliseconds(predictions.worst),
            outcome.leaderOrder.first.flatMap(group.id).map { "\($0)" } ?? "?", names(outcome.heavy),
            Self.fate(record),
        ]
    }

    // MARK: Explaining

    var explanation: String {
        var lines = [state]
        guard let record = group.calculations.last else { return (lines + [nothingYet]).joined(separator: "\n") }
        let outcome = record.outcome
        lines += [
            "",
            "The last calculation, after instance \(record.input.instance) in view \(record.input.view), due at "
                + "\(due(record)): \(Self.fate(record)).",
            "  \(Self.reason(outcome.reason))",
        ]
        lines += predictions(record)
        if !record.input.excluded.isEmpty {
            let names = record.input.excluded.map { "\($0)" }.joined(separator: ", ")
            lines.append("  not to lead, since replaced before: \(names)")
        }
        let silent = record.input.reports.indices.filter { record.input.reports[$0] == nil }
        if !record.input.reports.isEmpty, !silent.isEmpty {
            let names = silent.compactMap { group.id(ReplicaIndex($0)).map { "\($0)" } }.joined(separator: ", ")
            lines.append("  not to be heavy, since nothing was reported of late: \(names)")
        }
        lines += experience(record)
        if !record.input.reports.isEmpty { lines += ["", matrix(of: record)] }
        if !group.dissenters.isEmpty {
            let names = group.dissenters.map { "\($0)" }.joined(separator: ", ")
            lines += ["", "These tell of other calculations than the others, so they lie or are broken: \(names)"]
        }
        return lines.joined(separator: "\n")
    }

    private func predictions(_ record: CalculationRecord) -> [String] {
        let predicted = record.outcome.predictions
        var lines = [
            "  predicted: \(Self.words(predicted.current)) as it was, \(Self.words(predicted.best)) at best, "
                + "\(Self.words(predicted.median)) in the middle of all candidates, \(Self.words(predicted.worst)) at worst"
        ]
        if let observed = group.leaderReport?.observed {
            lines.append(
                "  observed by the leader: \(Self.words(observed)) from proposing to deciding, the median of the last instances"
            )
        } else {
            lines.append("  observed: nothing yet, or the leader does not answer")
        }
        return lines
    }

    /// What was learnt of members and of changes.
    private func experience(_ record: CalculationRecord) -> [String] {
        let (experience, instance) = (record.input.experience, record.input.instance)
        var lines: [String] = []
        let suspects = experience.suspects(at: instance, f: group.view.f)
        if !suspects.isEmpty {
            lines.append(
                "  neither to lead nor to be heavy, since others find their votes later than their links allow: "
                    + Self.names(suspects))
        }
        for rejected in experience.rejected(at: instance) {
            lines.append(
                "  not before instance \(rejected.until), since it did not pay: \(rejected.leader) leads, heavy are "
                    + Self.names(rejected.heavy))
        }
        if let comparison = record.outcome.comparison {
            lines.append(
                "  since the last change members decide \(Self.words(comparison.medianAfter)) after the proposal, before it "
                    + "\(Self.words(comparison.medianBefore)); worse than before and than the links explain for "
                    + "\(comparison.worse) of \(comparison.members)")
        }
        return lines
    }

    private static func names(_ replicas: [ReplicaID]) -> String { replicas.map { "\($0)" }.joined(separator: ", ") }

    private func matrix(of record: CalculationRecord) -> String {
        var table = ConsoleTable(
            [.init("votes, one way ms")] + group.view.members.map { .init("to \($0.id)", .right) })
        for (position, report) in record.input.reports.enumerated() {
            guard let id = group.id(ReplicaIndex(position)) else { continue }
            let cells = report.map { report in
                report.votes.enumerated().map { place, latency in
                    place == position
                        ? "-" : latency.isMissing ? "missing" : Self.milliseconds(UInt64(latency.rawValue))
                }
            }
            table.add(["from \(id)"] + (cells ?? group.view.members.map { _ in "?" }))
        }
        return table.text
    }

    // MARK: How it is

    private var state: String {
        guard let newest = group.newest else {
            return "no replica answers; those of this machine are started by: martlet up"
        }
        let leader = group.leader.map { "\($0)" } ?? "?"
        let heavy = group.view.plan.heavy.map { "\($0)" }.joined(separator: ", ")
        let pinned = group.view.settings.isPinned ? "; pinned by hand, so nothing that is calculated is installed" : ""
        let measuring =
            group.isCalculating ? "" : "; nothing is measured (measuringPermille is 0, or there is but one replica)"
        return
            "view \(newest.epoch.view), regency \(newest.epoch.regency): replica \(leader) leads, heavy are \(heavy)"
            + pinned + measuring
    }

    private var nothingYet: String {
        guard let newest = group.newest, group.isCalculating else { return "Nothing is calculated." }
        let period = UInt64(group.view.settings.calculationPeriod)
        let next = (newest.decided.rawValue / period + 1) * period
        return "Nothing is calculated yet: it is after instance \(next); \(newest.decided) are decided."
    }

    private func due(_ record: CalculationRecord) -> Instance {
        record.input.instance + group.view.settings.dueDistance
    }

    private func names(_ members: ReplicaSet) -> String {
        members.compactMap { group.id($0).map { "\($0)" } }.joined(separator: ",")
    }

    static func fate(_ record: CalculationRecord) -> String {
        switch record.fate {
        case .due: "will be installed"
        case .installed: "installed"
        case .void: "void: pinned, or the view had changed before"
        case .unchanged:
            switch record.outcome.reason {
            case .nothingPossible: "nothing possible"
            case .tooSoon: "too soon"
            case .better, .needed, .suspected, .unpaid, .goodEnough: "good enough"
            }
        }
    }

    static func reason(_ reason: CalculationOutcome.Reason) -> String {
        switch reason {
        case .better: "another leader or other weights are predicted to be faster by more than the goal asks"
        case .needed: "the leader or weights as they were need somebody who is missing"
        case .goodEnough: "nothing is predicted to be faster by as much as the goal asks"
        case .tooSoon: "something is predicted to be faster, but the view had only begun"
        case .nothingPossible: "whatever is chosen needs somebody who is missing"
        case .suspected: "who leads or is heavy votes later than its links allow, as f+1 others find time and again"
        case .unpaid: "with the last change instances take longer than before, and longer than the links explain"
        }
    }

    private static func milliseconds(_ microseconds: UInt64?) -> String {
        microseconds.map { Rounding.text(Double($0) / 1e3, digits: 2) } ?? "never"
    }

    private static func words(_ microseconds: UInt64?) -> String {
        microseconds.map { Rounding.text(Double($0) / 1e3, digits: 2) + " ms" } ?? "never"
    }

    // MARK: JSON

    var json: JSONValue {
        .object([
            "ok": .boolean(group.newest != nil), "group": .text(group.view.group.hexadecimal),
            "view": group.newest.map { .integer(Int(clamping: $0.epoch.view.rawValue)) } ?? .null,
            "regency": group.newest.map { .integer(Int(clamping: $0.epoch.regency.rawValue)) } ?? .null,
            "leader": group.leader.map { .integer(Int($0.rawValue)) } ?? .null,
            "heavy": .list(group.view.plan.heavy.map { .integer(Int($0.rawValue)) }),
            "pinned": .boolean(group.view.settings.isPinned),
            "observedMicroseconds": Self.number(group.leaderReport?.observed),
            "dissenters": .list(group.dissenters.map { .integer(Int($0.rawValue)) }),
            "calculations": .list(group.calculations.map(json)),
        ])
    }

    private func json(_ record: CalculationRecord) -> JSONValue {
        let (outcome, predicted) = (record.outcome, record.outcome.predictions)
        return .object([
            "instance": .integer(Int(clamping: record.input.instance.rawValue)),
            "due": .integer(Int(clamping: due(record).rawValue)),
            "view": .integer(Int(clamping: record.input.view.rawValue)),
            "leader": .integer(Int(record.input.leader.rawValue)),
            "excluded": .list(record.input.excluded.map { .integer(Int($0.rawValue)) }),
            "reason": .text("\(outcome.reason)"), "fate": .text("\(record.fate)"),
            "chosenOrder": .list(outcome.leaderOrder.compactMap(group.id).map { .integer(Int($0.rawValue)) }),
            "chosenHeavy": .list(outcome.heavy.compactMap(group.id).map { .integer(Int($0.rawValue)) }),
            "predictedMicroseconds": .object([
                "current": Self.number(predicted.current), "best": Self.number(predicted.best),
                "median": Self.number(predicted.median), "worst": Self.number(predicted.worst),
            ]),
            "votesMicroseconds": .list(record.input.reports.map(Self.row)),
            "suspects": .list(
                record.input.experience.suspects(at: record.input.instance, f: group.view.f).map(Self.number)),
            "rejected": .list(record.input.experience.rejected(at: record.input.instance).map(Self.json)),
            "decidedMicroseconds": .list(outcome.decided.map(Self.number)),
            "lastChange": outcome.comparison.map(Self.json) ?? .null,
        ])
    }

    private static func json(_ rejected: RejectedAssignment) -> JSONValue {
        .object([
            "leader": number(rejected.leader), "heavy": .list(rejected.heavy.map(number)),
            "until": .integer(Int(clamping: rejected.until.rawValue)),
        ])
    }

    private static func json(_ comparison: CalculationOutcome.Comparison) -> JSONValue {
        .object([
            "medianBefore": number(comparison.medianBefore), "medianAfter": number(comparison.medianAfter),
            "members": .integer(comparison.members), "worse": .integer(comparison.worse),
        ])
    }

    private static func number(_ replica: ReplicaID) -> JSONValue { .integer(Int(replica.rawValue)) }

    private static func row(_ report: LatencyReport?) -> JSONValue {
        guard let report else { return .null }
        return .list(report.votes.map { $0.isMissing ? .null : .integer(Int($0.rawValue)) })
    }

    private static func number(_ value: UInt64?) -> JSONValue { value.map { .integer(Int(clamping: $0)) } ?? .null }
}
