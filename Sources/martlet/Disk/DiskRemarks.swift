// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog

/// What is worth saying of a log and is not damage.
enum DiskRemarks {
    static func lines(_ examination: DiskExamination) -> [String] {
        var lines: [String] = []
        if let tail = examination.tornTail {
            lines.append(
                "torn tail: \(examination.place.log)/\(tail.file) at byte \(tail.offset): \(tail.bytes) bytes from "
                    + "frame \(tail.frame) on were never durable (\(tail.fault)). The replica cuts them when it starts, "
                    + "or is just writing them; that is no damage")
        }
        let abandoned = examination.log.abandoned
        if !abandoned.isEmpty {
            lines.append(
                "\(abandoned.count) segments of a log that was given up lie beside it (\(abandoned[0])…): they may go "
                    + "when nobody wants to look at them")
        }
        if examination.snapshots == nil {
            lines.append("snapshots were not looked at: give the replica's home instead of the log's directory")
        }
        return lines
    }
}
