// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes

/// Why a group is led as it is, from what its members said at about the same time. They calculate the same from the same, so
/// one that has followed all the time speaks for all; who says otherwise than the others is named.
struct GroupAdaptation {
    let view: View
    let answers: [MemberAnswer<AdaptationReport>]

    /// Of the newest epoch, those that know most first.
    private var reports: [AdaptationReport] {
        answers.compactMap(\.value).sorted { left, right in
            (left.epoch, left.decided, left.calculations.count, right.replica)
                > (right.epoch, right.decided, right.calculations.count, left.replica)
        }
    }

    /// What f+1 members say of a calculation: at least one of them is correct. The oldest first.
    var calculations: [CalculationRecord] {
        var known: [Instance: [CalculationRecord]] = [:]
        for record in reports.flatMap(\.calculations) { known[record.input.instance, default: []].append(record) }
        return known.keys.sorted().compactMap { instance in
            guard let records = known[instance] else { return nil }
            let agreed = records.first { one in
                records.count { $0.outcome == one.outcome } > view.f
            }
            guard let agreed else { return nil }
            let same = records.filter { $0.outcome == agreed.outcome }
            // Who is ahead knows what became of it; only one tells of what was reported, if it is the newest.
            var told = same.max { $0.input.reports.count < $1.input.reports.count } ?? agreed
            told.fate = same.map(\.fate).max { $0.rawValue < $1.rawValue } ?? agreed.fate
            return told
        }
    }

    /// Whom the newest epoch's members name.
    var newest: AdaptationReport? { reports.first }

    /// What the leader itself saw.
    var leaderReport: AdaptationReport? {
        newest.flatMap { newest in reports.first { $0.replica == newest.leader && $0.epoch == newest.epoch } }
    }

    /// Members whose last calculation is not what the others have.
    var dissenters: [ReplicaID] {
        let agreed = Dictionary(uniqueKeysWithValues: calculations.map { ($0.input.instance, $0.outcome) })
        return reports.filter { report in
            report.calculations.contains { record in agreed[record.input.instance].map { $0 != record.outcome } ?? false
            }
        }.map(\.replica).sorted()
    }

    func id(_ index: ReplicaIndex) -> ReplicaID? { index.position < view.n ? view[index].id : nil }
}
