// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Getting rid of segments that are damaged while the log is in use: whoever writes it writes again all that still matters, behind
/// a new segment's beginning, and only then they go. A crash before finds the log as damaged as it is.
extension LogWriter {
    /// Begins a new segment. What is written from here on may replace all segments before it.
    package mutating func beginReplacement(_ files: inout (some FileStore & ~Copyable)) throws(LogError)
        -> SegmentNumber
    {
        try sync(&files)
        try goOn(with: [], in: &files)
        return header?.number ?? nextNumber
    }

    /// **Safety**: all that still matters of the segments before that one has been written again since it was begun, the stable
    /// checkpoint included that there is a snapshot of, and is durable. Views, epochs and the incarnation are restated anyway.
    package mutating func finishReplacement(
        from number: SegmentNumber, _ files: inout (some FileStore & ~Copyable)
    ) throws(LogError) {
        try sync(&files)
        replacedBefore = max(replacedBefore, number)
        try goOn(with: [], in: &files)
    }

    /// Whether one of its segments is among those that are needed.
    package func needs(_ file: String) -> Bool {
        segments.contains { LogNames.segment($0.number) == file }
    }
}
