// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What whoever writes a log remembers of a segment.
struct SegmentExtent: Hashable, Sendable {
    let number: SegmentNumber
    var fileBytes: Int
    /// Nil where no record is of an instance.
    private(set) var highestInstance: Instance?

    init(number: SegmentNumber, fileBytes: Int) {
        self.number = number
        self.fileBytes = fileBytes
    }

    mutating func take(_ record: LogRecord) {
        guard let instance = record.instance else { return }
        highestInstance = max(highestInstance ?? .zero, instance)
    }

    /// Whether a snapshot after this instance makes it needless; all that is of no instance is restated.
    func isCovered(by instance: Instance) -> Bool { (highestInstance ?? .zero) <= instance }
}
