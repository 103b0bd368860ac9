// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// The log of one replica, as whoever writes it sees it. Holds no files: each call is given those that the log lies in,
/// always the same ones. The format and the rules are in docs/LOG.md.
///
/// After a write or sync has failed nothing is appended until `rescue` has succeeded.
package struct LogWriter: Sendable {
    enum State: Hashable {
        case ready
        case needsRescue
        case damaged
    }

    package let identity: LogIdentity
    let settings: LogSettings
    let salt: UInt64
    /// What was found at the start.
    package let recovery: LogRecovery
    /// How many records this run has appended, without those that a rescue has taken back.
    package internal(set) var appended = LogPosition.start
    /// How many of them are durable.
    package internal(set) var durable = LogPosition.start
    var state = State.needsRescue

    /// Those that are needed; the newest is last, and is being written.
    var segments: [SegmentExtent]
    var nextNumber: SegmentNumber
    /// The header of the newest, and where its next frame goes.
    var header: SegmentHeader?
    var end = 0
    /// From there on it takes no more.
    var fullAt = 0
    /// The last frame written, and the last one that is durable.
    var last: FrameNumber
    var durableFrame: FrameNumber
    /// Up to here the log itself says that all is durable.
    var toldDurable: FrameNumber
    /// Of all records, and of those that are durable.
    var summary: LogSummary
    var durableSummary: LogSummary

    /// Files that nobody needs: to be written over, and to be removed.
    var spares: [String]
    var surplus: [String]
    /// A draft may lie about.
    var hasDraft: Bool
    /// A snapshot covers everything up to here.
    var covered = Instance.zero
    /// What segments before this one held was written again.
    var replacedBefore = SegmentNumber(0)
    /// Segments up to this one were found damaged: none of their files is written over.
    var damagedThrough = SegmentNumber(0)
    /// What segments before this one hold is being written again.
    var replacing: SegmentNumber?
    /// Through which instance a snapshot covers everything, as far as it was told.
    package var coveredThrough: Instance { covered }
    /// Why a file that nobody needs is still there; it is tried again with the next segment.
    package internal(set) var cleaningFailure: FileError?

    package var needsRescue: Bool { state == .needsRescue }
    package var isDamaged: Bool { state == .damaged }

    // MARK: - Writing

    /// Writes records behind the others, in order; they are durable after the next `sync`. After an error none of them is
    /// appended; some may be found all the same if the machine stops before `rescue` has succeeded.
    package mutating func append(
        _ records: [LogRecord], to files: inout (some FileStore & ~Copyable)
    ) throws(LogError) {
        try checkState()
        guard !records.isEmpty else { return }
        try rotateIfFull(in: &files)
        var buffer = try frameBuffer(records.reduce(0) { $0 + FrameHeader.bytes + $1.encodedSizeHint })
        for record in records { buffer.append(record, synced: durableFrame) }
        try write(buffer, to: &files)
        for record in records {
            summary.fold(record)
            segments[segments.count - 1].take(record)
        }
        appended = LogPosition(appended.rawValue + UInt64(records.count))
    }

    /// Makes durable what was appended. One call for all of it, and none where nothing was.
    package mutating func sync(_ files: inout (some FileStore & ~Copyable)) throws(LogError) {
        try checkState()
        guard let header, durableFrame < last else { return }
        do {
            try files.sync(LogNames.segment(header.number))
        } catch {
            state = .needsRescue
            throw .file(error)
        }
        durableFrame = last
        durable = appended
        durableSummary = summary
    }

    /// Writes down, durably, that everything up to here is durable, so that damage to it can be told from a torn tail.
    /// For when nothing has been appended for a while; does nothing where the log says so already.
    package mutating func seal(_ files: inout (some FileStore & ~Copyable)) throws(LogError) {
        try sync(&files)
        guard toldDurable < durableFrame else { return }
        var buffer = try frameBuffer(FrameHeader.bytes)
        buffer.appendSeal(synced: durableFrame)
        try write(buffer, to: &files)
        try sync(&files)
        // The seal itself needs none.
        toldDurable = durableFrame
    }

    /// This replica's own durable snapshot covers everything up to the instance: older segments that hold nothing beyond
    /// it go when the next segment begins, whose header says that they are not needed.
    package mutating func drop(through instance: Instance) { covered = max(covered, instance) }

    // MARK: - Helpers

    private func checkState() throws(LogError) {
        switch state {
        case .ready: return
        case .needsRescue: throw .needsRescue
        case .damaged: throw .damaged
        }
    }

    private func frameBuffer(_ capacity: Int) throws(LogError) -> FrameBuffer {
        guard let header else { throw .needsRescue }
        return FrameBuffer(header.stamp, after: last, capacity: capacity)
    }

    /// A rotation happens while nothing is pending, so that only the newest segment ever has a torn tail.
    private mutating func rotateIfFull(in files: inout (some FileStore & ~Copyable)) throws(LogError) {
        guard end >= fullAt, durableFrame == last else { return }
        try goOn(with: [], in: &files)
    }

    private mutating func write(
        _ buffer: consuming FrameBuffer, to files: inout (some FileStore & ~Copyable)
    ) throws(LogError) {
        guard let header else { throw .needsRescue }
        let (count, newLast) = (buffer.count, buffer.last)
        let place = segments.count - 1
        let zeros = zeros(from: end + count, fileBytes: segments[place].fileBytes)
        let bytes = buffer.finish(zeros: zeros)
        do {
            try put(bytes, framesCount: count, LogNames.segment(header.number), at: end, in: &files)
        } catch {
            state = .needsRescue
            throw .file(error)
        }
        segments[place].fileBytes = max(segments[place].fileBytes, end + bytes.count)
        end += count
        last = newLast
        toldDurable = durableFrame
    }

    /// Where there is no space for zeros ahead there may still be some for the frames.
    func put(
        _ bytes: Bytes, framesCount: Int, _ name: String, at offset: Int, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) {
        do {
            try files.write(bytes, to: name, at: offset)
        } catch .noSpace where bytes.count > framesCount + FrameHeader.bytes {
            try files.write(Bytes(bytes[..<(framesCount + FrameHeader.bytes)]), to: name, at: offset)
        }
    }

    /// How many zeros follow frames that end there.
    func zeros(from end: Int, fileBytes: Int) -> Int {
        guard end + FrameHeader.bytes > fileBytes else { return FrameHeader.bytes }
        return FrameHeader.bytes + min(max(end, settings.aheadBytesMin), settings.aheadBytesMax)
    }
}
