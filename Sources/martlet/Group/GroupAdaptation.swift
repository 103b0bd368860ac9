// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes

/// Why a group is led as it is, from what its members said at about the same time. They calculate the same from the same, so
/// one that has followed all the time speaks for all; who says otherwise than the others is named.
struct GroupAdaptation {
    let view: View
    let answers: [MemberAnswer<AdaptationReport>]

    /// One of each member, of a view that is proved, those that know most first.
    private var reports: [AdaptationReport] {
        answers.compactMap(\.value).filter(isPlausible).sorted { left, right in
            (left.epoch, left.decided, left.calculations.count, right.replica)
                > (right.epoch, right.decided, right.calculations.count, left.replica)
        }
    }

    /// A liar may say anything: what cannot be is not looked at.
    private func isPlausible(_ report: AdaptationReport) -> Bool {
        let numbers =
            [report.decided.rawValue, report.epoch.regency.rawValue]
            + report.calculations.map(\.input.instance.rawValue)
        return report.epoch.view <= view.number && numbers.allSatisfy { $0 < 1 << 62 }
            && Set(report.calculations.map(\.input.instance)).count == report.calculations.count
    }

    /// What f+1 members say of a calculation: at least one of them is correct. The oldest first.
    var calculations: [CalculationRecord] {
        var known: [Instance: [CalculationRecord]] = [:]
        for record in reports.flatMap(\.calculations) { known[record.input.instance, default: []].append(record) }
        return known.keys.sorted().compactMap { instance in
            guard let records = known[instance],
                let agreed = Self.agreed(records, by: Told.init, among: view.f)
            else { return nil }
            let same = records.filter { Told($0) == Told(agreed) }
            // Of the newest, which has its reports, f+1 must tell the same too.
            let whole = same.filter { $0.input.reports.count == view.n && $0.input.reports.allSatisfy(isRow) }
            var told = Self.agreed(whole, by: \.input, among: view.f) ?? agreed.summary
            told.fate = Self.agreed(same, by: \.fate, among: view.f)?.fate ?? agreed.fate
            return told
        }
    }

    /// What all have of a calculation: what went in, but for the reports, and what came of it.
    private struct Told: Equatable {
        let input: CalculationInput
        let outcome: CalculationOutcome

        init(_ record: CalculationRecord) {
            input = record.summary.input
            outcome = record.outcome
        }
    }

    private func isRow(_ report: LatencyReport?) -> Bool { report.map { $0.votes.count == view.n } ?? true }

    /// One that more than f tell alike; each is another member's.
    private static func agreed<Part: Equatable>(
        _ records: [CalculationRecord], by part: (CalculationRecord) -> Part, among f: Int
    ) -> CalculationRecord? {
        records.first { one in records.count { part($0) == part(one) } > f }
    }

    /// Whom the newest epoch's members name.
    var newest: AdaptationReport? { reports.first }

    /// Who leads, in the regency that the furthest member tells of; nil while nobody answers who is in the newest view.
    var leader: ReplicaID? {
        guard let epoch = newest?.epoch, epoch.view == view.number, epoch.regency > .none else { return nil }
        return view[view.leader(of: epoch.regency)].id
    }

    /// Whether anything is calculated in this view.
    var isCalculating: Bool { view.settings.measuringPermille > 0 && view.f > 0 }

    /// What the leader itself saw.
    var leaderReport: AdaptationReport? {
        reports.first { $0.replica == leader && $0.epoch == newest?.epoch }
    }

    /// Members whose last calculation is not what the others have.
    var dissenters: [ReplicaID] {
        let agreed = Dictionary(uniqueKeysWithValues: calculations.map { ($0.input.instance, Told($0)) })
        return reports.filter { report in
            report.calculations.contains { record in
                agreed[record.input.instance].map { $0 != Told(record) } ?? false
            }
        }.map(\.replica).sorted()
    }

    func id(_ index: ReplicaIndex) -> ReplicaID? { index.position < view.n ? view[index].id : nil }
}
