// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes

/// What came of a load under which replicas were replaced.
struct ReplacementFigures: Sendable {
    let replacements: Int
    let load: HistoryFigures
    /// The longest time without an answer that passes.
    let gapMax: Interval
    /// What is wrong with what the clients were told; nil when it is linearizable.
    let violation: String?

    private var gapMilliseconds: Double { Double(load.longestGap.nanoseconds) / 1_000_000 }

    /// All that was not as it should be.
    var complaints: [String] {
        var complaints: [String] = []
        if load.answered == 0 { complaints.append("no operation was answered") }
        if load.failed > 0 { complaints.append("\(load.failed) operations have failed") }
        if load.longestGap > gapMax {
            complaints.append(
                "nothing was answered for \(Rounding.text(gapMilliseconds, digits: 0)) ms, and \(gapMax.nanoseconds / 1_000_000) ms may pass"
            )
        }
        return complaints + (violation.map { [$0] } ?? [])
    }

    var text: String {
        "\(replacements) replacements, \(load.answered) operations, \(load.failed) failed; longest gap "
            + "\(Rounding.text(gapMilliseconds, digits: 0)) ms; \(violation == nil ? "" : "not ")linearizable"
    }

    var json: [JSONValue.Member] {
        let values: KeyValuePairs<String, JSONValue> = [
            "replacements": .integer(replacements), "operations": .integer(load.answered),
            "failed": .integer(load.failed), "longestGapMilliseconds": .number(gapMilliseconds),
            "linearizable": .boolean(violation == nil),
        ]
        return values.map { JSONValue.Member(name: $0.key, value: $0.value) }
    }
}
