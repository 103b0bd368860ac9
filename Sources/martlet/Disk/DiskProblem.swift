// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

/// What is wrong with a log or its snapshots, and where.
struct DiskProblem: Hashable {
    /// Its path; a directory where files are missing.
    let file: String
    /// What is wrong with it.
    let reason: String
    /// Where in the file, where that is known.
    var offset: Int?
    /// The frames that are missing, where that is known.
    var frames: ClosedRange<FrameNumber>?

    init(_ file: String, _ reason: String) {
        self.file = file
        self.reason = reason
    }

    init(_ damage: LogDamage, in directory: String) {
        self.init(directory + "/" + damage.file, "\(damage.fault)")
        offset = damage.offset
        frames = damage.missing
    }

    var text: String {
        let place = offset.map { " at byte \($0)" } ?? ""
        let missing = frames.map { frames in
            frames.lowerBound == frames.upperBound
                ? "; missing: frame \(frames.lowerBound)"
                : "; missing: frames \(frames.lowerBound) to \(frames.upperBound)"
        }
        return "\(file)\(place): \(reason)\(missing ?? "")"
    }

    var json: JSONValue {
        .object([
            "file": .text(file), "reason": .text(reason), "offset": offset.map { .integer($0) } ?? .null,
            "missingFrames": .range(frames),
        ])
    }
}
