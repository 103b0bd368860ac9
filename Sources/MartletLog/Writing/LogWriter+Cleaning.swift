// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Removing what nobody needs. The newest segment's header says durably that it is not needed, so that whatever of this is
/// done or not when the machine stops makes no difference; and where it fails the log goes on, and it is tried again with
/// the next segment.
extension LogWriter {
    mutating func cleanUp(in files: inout (some FileStore & ~Copyable)) {
        cleaningFailure = nil
        let needless = surplus
        surplus = []
        for name in needless { release(name, in: &files) }
    }

    /// Leaves it under another name.
    mutating func keepAside(_ segment: SegmentExtent, in files: inout (some FileStore & ~Copyable)) {
        do {
            try files.rename(LogNames.segment(segment.number), to: LogNames.abandoned(segment.number))
        } catch {
            cleaningFailure = error
            surplus.append(LogNames.segment(segment.number))
        }
    }

    private mutating func release(_ name: String, in files: inout (some FileStore & ~Copyable)) {
        do {
            if let spare = try spareName(for: name, in: &files) {
                try files.rename(name, to: spare)
                spares.append(spare)
            } else {
                try files.remove(name)
            }
        } catch .notFound {
            return
        } catch {
            cleaningFailure = error
            surplus.append(name)
        }
    }

    /// Nil for what is not worth keeping: too many, too short to save anything, too long to be given so much of the disk,
    /// or on a part of the disk that may be bad.
    private func spareName(
        for name: String, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> String? {
        guard let number = LogNames.segmentNumber(in: name), spares.count < settings.sparesMax,
            number > damagedThrough
        else { return nil }
        let size = try files.size(of: name)
        return (settings.segmentBytes...2 * settings.segmentBytes).contains(size) ? LogNames.spare(number) : nil
    }
}
