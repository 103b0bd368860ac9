// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Whether the last change of leader or weights has paid (adaptation §7): what was predicted is compared with what consensus
/// then took. Each member tells how long instances take it, so that no single one, the leader included, can say a change was
/// good or bad.
struct Trial {
    /// What is not explained by the links is longer than predicted by more than one part in so many.
    private static let toleranceParts: UInt64 = 8

    /// When members have decided, in microseconds after the leader's proposal, by position; empty while it is not known who
    /// led all the time.
    let decided: [UInt64?]
    let comparison: CalculationOutcome.Comparison?
    /// What the last change replaced; nil when it is not on trial, or would not be what it was.
    let former: WeightAssignment?
    let isUnpaid: Bool

    init(_ input: CalculationInput, _ view: View, _ model: LatencyModel, _ current: WeightAssignment) {
        decided = Self.decided(input, leader: current.leader)
        guard let left = input.experience.former,
            let former = WeightAssignment(leader: left.leader, heavy: left.heavy, in: view), former != current,
            let pairs = Self.pairs(left, decided, view)
        else {
            comparison = nil
            former = nil
            isUnpaid = false
            return
        }
        let settings = view.settings
        var predictor = RoundPredictor(rule: model.rule, propose: model.propose, vote: model.vote, rounds: model.rounds)
        let predicted = predictor.decisions(of: current)
        let worse = pairs.count { pair in
            let expected = predicted[pair.member]
            return !expected.isMissing && settings.isWorse(pair.after, than: pair.before)
                && settings.isWorse(pair.after, than: expected.rawValue + expected.rawValue / Self.toleranceParts)
        }
        comparison = CalculationOutcome.Comparison(
            medianBefore: Self.median(pairs.map(\.before)), medianAfter: Self.median(pairs.map(\.after)),
            members: pairs.count, worse: worse)
        isUnpaid = 2 * worse > pairs.count
        // Where the links that it needs have become worse, to go back is no remedy; something else may be.
        let back = predictor.latency(of: former)
        self.former = back.isMissing || settings.isWorse(back.rawValue, than: left.predicted) ? nil : former
    }

    /// The way from the leader is as the member itself has measured it: by its word the leader makes nobody seem to decide late, nor
    /// early. Where the member knows nothing the leader's word counts, and none as no way at all: it must not have others left
    /// out by answering them nothing. Of another leader's regency nothing is to be told here.
    private static func decided(_ input: CalculationInput, leader: ReplicaIndex) -> [UInt64?] {
        let leaders = input.reports[leader.position]
        return input.reports.enumerated().map { place, report in
            guard let report, report.regency == input.regency, !report.took.isMissing else { return nil }
            guard place != leader.position else { return UInt64(report.took.rawValue) }
            let ways = [report.votes[leader.position], report.proposals[leader.position], leaders?.proposals[place]]
            let known = ways.compactMap { $0 }.first { !$0.isMissing }
            return UInt64(known?.rawValue ?? 0) + UInt64(report.took.rawValue)
        }
    }

    private struct Pair {
        let member: Int
        let before: UInt64
        let after: UInt64
    }

    /// Of n−f members at least: then more than half of them are more than f, one of them correct; and liars alone can hide
    /// nothing from the others.
    private static func pairs(_ former: FormerAssignment, _ decided: [UInt64?], _ view: View) -> [Pair]? {
        let pairs = former.decided.compactMap { time -> Pair? in
            guard let member = view.index(of: time.replica)?.position, let after = decided[member] else { return nil }
            return Pair(member: member, before: time.microseconds, after: after)
        }
        return pairs.count >= view.n - view.f ? pairs : nil
    }

    private static func median(_ values: [UInt64]) -> UInt64 { values.sorted()[values.count / 2] }
}

extension GroupSettings {
    /// By as much as a change must pay.
    fileprivate func isWorse(_ now: UInt64, than before: UInt64) -> Bool {
        now * 1_000 > before * UInt64(goalPermille) && now >= before + UInt64(goalMicroseconds)
    }
}
