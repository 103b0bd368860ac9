// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Getting rid of segments that are damaged while the log is in use: whoever writes it writes again all that still matters, behind
/// a new segment's beginning, and only then they go. A crash before finds the log as damaged as it is.
///
/// Where one of these throws, the log needs a rescue only if `needsRescue` says so: that there is no space for another segment
/// keeps nobody from writing in the one that is there.
extension LogWriter {
    /// Segments up to that one are damaged. Returns the segment before which all is to be replaced: a new one, or the one that was begun
    /// before where no damage lies behind its beginning. Nil where they have gone meanwhile, with what a snapshot covers or was replaced.
    package mutating func beginReplacement(
        through damaged: SegmentNumber, _ files: inout (some FileStore & ~Copyable)
    ) throws(LogError) -> SegmentNumber? {
        guard let oldest = segments.first?.number else { throw .needsRescue }
        // Where not even the oldest is there, all are gone, and nobody knows what they were called.
        if damaged < oldest, try isThere(oldest, &files) { return nil }
        damagedThrough = max(damagedThrough, damaged)
        if let replacing, damaged < replacing { return replacing }
        try sync(&files)
        let begun = try goOnIfThereIsSpace(&files)
        replacing = begun
        return begun
    }

    /// **Safety**: since the segment was begun before which all is being replaced, all that still matters of what lies there has been
    /// written again, above the stable checkpoint of that instance, and is durable. Returns whether it is gone: not where another segment
    /// was begun since, nor before a snapshot covers everything up to that instance. Views, epochs and the incarnation are restated anyway.
    package mutating func finishReplacement(
        from number: SegmentNumber, above instance: Instance, _ files: inout (some FileStore & ~Copyable)
    ) throws(LogError) -> Bool {
        guard replacing == number, covered >= instance else { return false }
        try sync(&files)
        replacedBefore = max(replacedBefore, number)
        _ = try goOnIfThereIsSpace(&files)
        replacing = nil
        return true
    }

    private func isThere(
        _ number: SegmentNumber, _ files: inout (some FileStore & ~Copyable)
    ) throws(LogError) -> Bool {
        do {
            return try files.names().contains(LogNames.segment(number))
        } catch {
            throw .file(error)
        }
    }

    /// When all is durable.
    private mutating func goOnIfThereIsSpace(
        _ files: inout (some FileStore & ~Copyable)
    ) throws(LogError) -> SegmentNumber {
        do {
            let draft = try draft(tail: [], in: &files)
            try name(draft, in: &files)
            return draft.header.number
        } catch {
            throw .file(error)
        }
    }
}

extension LogDamage {
    /// Which segment's it is.
    package var segment: SegmentNumber? { LogNames.segmentNumber(in: file) }
}
