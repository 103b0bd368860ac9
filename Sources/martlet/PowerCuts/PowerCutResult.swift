// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes

/// What came of a group whose power was cut.
struct PowerCutResult: Sendable {
    let parameters: PowerCutParameters
    let counts: PowerCutCounts
    /// Of the load.
    let acknowledged: Int
    let unanswered: Int
    let longestGap: Interval
    /// Beside it: keys that were each written once, and acknowledged.
    let keysAcknowledged: Int
    let history: ClientHistory
    let judged: Int
    let violations: [String]

    var isSafe: Bool { violations.isEmpty }

    // MARK: Telling

    var text: String {
        var table = ConsoleTable([.init("power cuts"), .init("", .right), .init("")])
        let returning = "\(counts.killsOfReturning) of \(counts.kills) kills as they came back"
        table.add([
            "cuts", "\(counts.cuts)",
            "of one \(counts.ofOne), of some \(counts.ofSome), of all \(counts.ofAll); \(returning)",
        ])
        let pace = Rounding.text(Double(acknowledged) / Double(parameters.seconds), digits: 0)
        table.add(["acknowledged", "\(acknowledged)", "operations, \(pace) a second"])
        table.add(["unanswered", "\(unanswered)", "operations that were given up: each may have been done or not"])
        table.add(["longest gap", Rounding.text(gapMilliseconds, digits: 0), "ms without an answer"])
        table.add([
            "dropped", Rounding.text(Double(counts.loss.bytes) / 1_024, digits: 0),
            "KiB unsynced of \(counts.loss.writes) writes, and \(counts.loss.names) changes of names, of \(counts.losers) logs and snapshots",
        ])
        table.add(["torn", "\(counts.loss.torn)", "writes"])
        table.add(["read back", "\(keysAcknowledged)", "acknowledged keys, each written once"])
        table.add([
            "judged", "\(judged)", "operations\(isSafe ? ", linearizable, and nothing acknowledged is gone" : "")",
        ])
        return ([table.text] + violations.map { "UNSAFE  \($0)" }).joined(separator: "\n")
    }

    private var gapMilliseconds: Double { Double(longestGap.nanoseconds) / 1_000_000 }

    var json: JSONValue {
        .object([
            "ok": .boolean(isSafe), "seconds": .integer(parameters.seconds),
            "seed": .integer(Int(clamping: parameters.seed)), "clients": .integer(parameters.clients),
            "cuts": .integer(counts.cuts), "cutsOfOne": .integer(counts.ofOne), "cutsOfSome": .integer(counts.ofSome),
            "cutsOfAll": .integer(counts.ofAll), "kills": .integer(counts.kills),
            "killsOfReturning": .integer(counts.killsOfReturning), "acknowledged": .integer(acknowledged),
            "unanswered": .integer(unanswered), "longestGapMilliseconds": .number(gapMilliseconds),
            "unsyncedBytesDropped": .integer(counts.loss.bytes), "writesDropped": .integer(counts.loss.writes),
            "losers": .integer(counts.losers),
            "writesTorn": .integer(counts.loss.torn), "nameChangesDropped": .integer(counts.loss.names),
            "keysAcknowledged": .integer(keysAcknowledged), "judged": .integer(judged),
            "violations": .list(violations.map { .text($0) }),
        ])
    }
}
