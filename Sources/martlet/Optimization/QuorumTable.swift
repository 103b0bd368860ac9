// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletTypes

/// What `martlet quorums` shows: one line for each Δ.
struct QuorumTable {
    let faultModel: FaultModel
    let f: Int
    let rules: [QuorumRule]

    init(_ faultModel: FaultModel, f: Int, deltas: CountRange) throws {
        let most = ReplicaSet.membersMax
        guard f >= 1 else { throw CommandFailure("--f is \(f), but must be 1 or more") }
        guard f <= most, deltas.counts.upperBound <= most,
            faultModel.membersMin(f: f) + deltas.counts.upperBound <= most
        else {
            throw CommandFailure(
                "f = \(f) and Δ = \(deltas.counts.upperBound) make more than the \(most) replicas that a group may have; "
                    + "give a smaller --f or --delta")
        }
        self.faultModel = faultModel
        self.f = f
        rules = deltas.counts.map { QuorumRule(faultModel: faultModel, n: faultModel.membersMin(f: f) + $0, f: f) }
    }

    var text: String {
        var table = ConsoleTable([
            .init("Δ", .right), .init("n", .right), .init("heavy", .right), .init("Vmax", .right),
            .init("Vmin", .right), .init("quorum weight", .right), .init("smallest quorum", .right),
            .init("largest quorum", .right), .init("equal weights", .right),
        ])
        for rule in rules {
            let sizes = QuorumSizes(rule)
            table.add([
                "\(rule.delta)", "\(rule.n)", "\(rule.heavyCount)", "\(rule.heavyWeight)", "\(rule.lightWeight)",
                "\(rule.quorumWeight) of \(rule.totalWeight)", votes(smallestHeavy(rule), of: sizes.smallest, rule),
                votes(largestHeavy(rule), of: sizes.largest, rule), "\(sizes.equal)",
            ])
        }
        let note = f == 1 ? "" : "\n\nWeights are multiplied by f = \(f), so that they are whole numbers."
        return table.text + note
    }

    var json: JSONValue {
        .object([
            "ok": true, "faultModel": .text("\(faultModel)"), "f": .integer(f), "rows": .list(rules.map(row)),
        ])
    }

    private func row(_ rule: QuorumRule) -> JSONValue {
        let sizes = QuorumSizes(rule)
        return .object([
            "delta": .integer(rule.delta), "n": .integer(rule.n), "heavy": .integer(rule.heavyCount),
            "heavyWeight": json(rule.heavyWeight), "lightWeight": json(rule.lightWeight),
            "quorumWeight": json(rule.quorumWeight), "totalWeight": json(rule.totalWeight),
            "smallestQuorum": .integer(sizes.smallest), "smallestQuorumHeavy": .integer(smallestHeavy(rule)),
            "largestQuorum": .integer(sizes.largest), "largestQuorumHeavy": .integer(largestHeavy(rule)),
            "equalQuorum": .integer(sizes.equal),
        ])
    }

    private func json(_ weight: Weight) -> JSONValue { .integer(Int(clamping: weight.rawValue)) }

    private func smallestHeavy(_ rule: QuorumRule) -> Int { min(QuorumSizes(rule).smallest, rule.heavyCount) }

    private func largestHeavy(_ rule: QuorumRule) -> Int {
        max(0, QuorumSizes(rule).largest - (rule.n - rule.heavyCount))
    }

    /// As in `4: 2·3 + 2·1 = 8`.
    private func votes(_ heavy: Int, of count: Int, _ rule: QuorumRule) -> String {
        let light = count - heavy
        let sum = UInt64(heavy) * rule.heavyWeight.rawValue + UInt64(light) * rule.lightWeight.rawValue
        return "\(count): \(heavy)·\(rule.heavyWeight) + \(light)·\(rule.lightWeight) = \(sum)"
    }
}
