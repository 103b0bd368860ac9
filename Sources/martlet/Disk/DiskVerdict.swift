// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog

/// Whether a replica's disk holds what was written to it: what `martlet log verify` says.
struct DiskVerdict {
    let examination: DiskExamination

    var isOK: Bool { examination.problems.isEmpty }

    var text: String {
        let problems = examination.problems
        let snapshots = examination.snapshots.map { ", \(Self.count($0.snapshots.count, "snapshot"))" } ?? ""
        let records = examination.log.segments.reduce(0) { $0 + $1.records.total }
        let counts =
            "\(Self.count(examination.log.segments.count, "segment")), \(Self.count(records, "record"))\(snapshots)"
        let remarks = DiskRemarks.lines(examination)
        if isOK { return (["ok: \(counts)"] + remarks).joined(separator: "\n") }
        let head = "damaged: \(Self.count(problems.count, "problem")) in \(counts)"
        return ([head] + problems.map { "  \($0.text)" } + remarks + [Self.advice]).joined(separator: "\n")
    }

    /// What the replica does of itself is in docs/LOG.md.
    private static let advice =
        "Copy the replica's home if you want to look into it, and check the disk. A replica that cannot go on from what "
        + "there is begins anew when it starts, and follows the group until the others admit it again."

    private static func count(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }
}
