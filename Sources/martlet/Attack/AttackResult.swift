// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What one class of attack did to the group.
struct AttackResult: Sendable {
    let kind: AttackClass
    /// How often something was done that no correct peer does.
    let acts: Int
    /// The regency in the end; each above 1 is a leader change.
    let regency: Regency
    let before: AttackFigures
    let during: AttackFigures
    let after: AttackFigures
    /// Seconds from the beginning of the attack.
    let recovery: Double?
    let memoryGrowthBytes: Int
    /// Calls of honest clients that got no result.
    let failures: [String]
    let violations: [String]

    init(
        kind: AttackClass, course: AttackCourse, samples: [AttackLoad.Sample], acts: Int, regency: Regency,
        failures: [String], violations: [String]
    ) {
        self.kind = kind
        self.acts = acts
        self.regency = regency
        self.failures = failures
        self.violations = violations
        before = AttackFigures(samples, from: course.before, to: course.start)
        during = AttackFigures(samples, from: course.start, to: course.end)
        after = AttackFigures(samples, from: course.end, to: course.after)
        recovery = AttackFigures.recovery(
            samples, from: course.start, to: course.after, share: 0.9, of: before.throughput)
        memoryGrowthBytes = course.memoryGrowthBytes
    }

    var isSafe: Bool { violations.isEmpty }

    /// Whether there was an attack: else nothing is shown.
    var isAttacked: Bool { acts > 0 || !kind.hasHostileProcess }

    /// Of what was before the attack.
    var throughputRatio: Double { before.throughput > 0 ? during.throughput / before.throughput : 0 }

    var p99Ratio: Double? {
        guard let during = during.p99, let before = before.p99, before > 0 else { return nil }
        return during / before
    }

    var json: JSONValue {
        .object([
            "attack": .text(kind.rawValue), "safe": .boolean(isSafe), "attacked": .boolean(isAttacked),
            "acts": .integer(acts),
            "throughputRatio": .number(throughputRatio), "p99Ratio": p99Ratio.map { .number($0) } ?? .null,
            "longestGapMilliseconds": .number(during.longestGap),
            "secondsToNinetyPercent": recovery.map { .number($0) } ?? .null,
            "memoryGrowthBytes": .integer(memoryGrowthBytes),
            "leaderChanges": .integer(Int(clamping: regency.rawValue) - 1),
            "before": Self.json(before), "during": Self.json(during), "after": Self.json(after),
            "failures": .list(failures.prefix(10).map { .text($0) }),
            "violations": .list(violations.map { .text($0) }),
        ])
    }

    private static func json(_ figures: AttackFigures) -> JSONValue {
        .object([
            "throughput": .number(figures.throughput),
            "p99Milliseconds": figures.p99.map { .number($0) } ?? .null,
            "longestGapMilliseconds": .number(figures.longestGap),
        ])
    }
}
