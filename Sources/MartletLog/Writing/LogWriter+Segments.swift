// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension LogWriter {
    func newHeader(headFrames: Int) -> SegmentHeader {
        let needed = segments.first { $0.number >= replacedBefore && !$0.isCovered(by: covered) }
        let oldest = needed?.number ?? nextNumber
        return SegmentHeader(
            identity: identity, number: nextNumber, first: durableFrame.next,
            headLast: FrameNumber(durableFrame.rawValue + UInt64(headFrames)), oldest: oldest, salt: salt)
    }

    mutating func goOn(
        with tail: [LogRecord], in files: inout (some FileStore & ~Copyable)
    ) throws(LogError) {
        do {
            try beginSegment(tail: tail, in: &files)
        } catch {
            throw .file(error)
        }
    }

    /// Goes on in a new segment behind the last durable frame. It gets its name when its header and its head are durable, so
    /// that there is never half a segment: the head restates the summary, and holds records that are to be durable with it.
    mutating func beginSegment(
        tail: [LogRecord], in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) {
        // Until it is done, nothing may be appended.
        state = .needsRescue
        try name(try draft(tail: tail, in: &files), in: &files)
    }

    /// A segment that is durable and has no name yet: nobody finds it.
    struct Draft {
        let header: SegmentHeader
        let tail: [LogRecord]
        /// Where its next frame goes.
        let end: Int
        let fileBytes: Int
    }

    /// Where this fails, all is as it was.
    mutating func draft(
        tail: [LogRecord], in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Draft {
        let restated = durableSummary.records
        let header = newHeader(headFrames: restated.count + tail.count)
        // Whatever becomes of it, no other file is ever written under this number.
        nextNumber = nextNumber.next
        let reused = try makeDraft(in: &files)
        let headBytes = (restated + tail).reduce(0) { $0 + FrameHeader.bytes + $1.encodedSizeHint }
        var buffer = FrameBuffer(header, capacity: headBytes)
        for record in restated { buffer.append(record, as: .restated, synced: durableFrame) }
        for record in tail { buffer.append(record, synced: durableFrame) }
        let count = buffer.count
        let bytes = buffer.finish(zeros: zeros(from: count, fileBytes: reused))
        try put(bytes, framesCount: count, LogNames.draft, at: 0, in: &files)
        try files.sync(LogNames.draft)
        return Draft(header: header, tail: tail, end: count, fileBytes: max(reused, bytes.count))
    }

    /// Where this fails, nobody knows whether it has its name.
    mutating func name(_ draft: Draft, in files: inout (some FileStore & ~Copyable)) throws(FileError) {
        state = .needsRescue
        let name = LogNames.segment(draft.header.number)
        try files.rename(LogNames.draft, to: name)
        hasDraft = false
        // It is there now; if its name is not durable it must go before another one takes its place.
        surplus.append(name)
        try files.syncNames()
        surplus.removeLast()
        enter(draft)
        cleanUp(in: &files)
    }

    private mutating func enter(_ draft: Draft) {
        let header = draft.header
        var extent = SegmentExtent(number: header.number, fileBytes: draft.fileBytes)
        for record in draft.tail { extent.take(record) }
        let needless = segments.prefix { $0.number < header.oldest }
        surplus += needless.map { LogNames.segment($0.number) }
        segments.removeFirst(needless.count)
        segments.append(extent)
        self.header = header
        end = draft.end
        // However long its head is, half of it is for what comes.
        fullAt = max(settings.segmentBytes, 2 * end)
        (last, durableFrame, toldDurable) = (header.headLast, header.headLast, header.headLast)
        durableSummary.fold(draft.tail)
        summary = durableSummary
        appended = durable
        state = .ready
    }

    // MARK: - Files

    /// Says how many bytes the file has that becomes the draft.
    private mutating func makeDraft(in files: inout (some FileStore & ~Copyable)) throws(FileError) -> Int {
        if hasDraft {
            try removeIfThere(LogNames.draft, in: &files)
            hasDraft = false
        }
        guard let spare = spares.last else {
            hasDraft = true
            try files.create(LogNames.draft)
            return 0
        }
        spares.removeLast()
        hasDraft = true
        try files.rename(spare, to: LogNames.draft)
        // Once it is written over it must not be a spare again after a crash: what it then holds would be too new.
        try files.syncNames()
        return try files.size(of: LogNames.draft)
    }

    private func removeIfThere(
        _ name: String, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) {
        do {
            try files.remove(name)
        } catch .notFound {
            return
        }
    }
}
