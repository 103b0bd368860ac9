// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What a walk over a log leaves for whoever goes on writing it.
struct RecoveredLog {
    private(set) var recovery = LogRecovery()
    private(set) var walk: LogWalk
    /// Of all records up to the proven place.
    private(set) var summary = LogSummary()
    /// Records beyond it, by frame: read, but perhaps only from memory of the system. They are written again.
    private(set) var tail: [(frame: FrameNumber, record: LogRecord)] = []
    /// The highest instance of each segment.
    private(set) var extents: [SegmentExtent] = []

    init(
        _ catalog: LogCatalog, in files: inout (some FileStore & ~Copyable), _ onRecord: (LogRecord) -> Void
    ) throws(FileError) {
        walk = LogWalk(catalog)
        var walk = walk
        for segment in catalog.segments where segment.number >= catalog.oldest {
            extents.append(SegmentExtent(number: segment.number, fileBytes: segment.fileBytes))
        }
        try walk.run(in: &files) { step in
            take(step)
            if step.counts, let record = step.frame.record { onRecord(record) }
        }
        settleTail(through: walk.proven)
        recovery.isNew = catalog.segments.isEmpty && catalog.spares.isEmpty
        recovery.findings = walk.findings
        self.walk = walk
    }

    private mutating func take(_ step: LogWalk.Step) {
        settleTail(through: step.frame.header.synced)
        guard let record = step.frame.record else { return }
        if let place = extents.lastIndex(where: { $0.number == step.segment }) { extents[place].take(record) }
        guard step.counts else { return }
        tail.append((step.frame.header.number, record))
        recovery.records += 1
        if let instance = record.instance {
            recovery.highestInstance = max(recovery.highestInstance ?? .zero, instance)
        }
    }

    private mutating func settleTail(through number: FrameNumber) {
        let count = tail.prefix { $0.frame <= number }.count
        guard count > 0 else { return }
        for (_, record) in tail[..<count] { summary.fold(record) }
        tail.removeFirst(count)
    }
}
