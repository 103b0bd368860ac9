// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// A walk over all segments that are needed, oldest first, which judges what is not as it should be.
///
/// The rule: of every segment but the newest, all frames before the first of the segments after it were durable. Of the
/// newest, its head was, and what a later frame says was. A frame that was durable and is not there is damage; any other
/// place without a frame is the log's end, and what follows it never counts.
struct LogWalk {
    /// A frame as a walk meets it.
    struct Step {
        let segment: SegmentNumber
        let frame: SegmentReader.Frame
        /// Whether its record is one of those that the log consists of; a restated one is only where the log begins.
        let counts: Bool
    }

    /// Where the frames of a segment end.
    private enum End {
        /// Before this frame, which a newer segment holds.
        case before(FrameNumber)
        /// Nobody knows: the header of the next segment is damaged.
        case unknown
        /// It is the newest.
        case open
    }

    private let catalog: LogCatalog
    private(set) var findings: [LogFinding] = []
    /// The frame after the last one.
    private(set) var next = FrameNumber(1)
    /// Up to here all was durable, as the log itself proves.
    private(set) var proven = FrameNumber.zero

    init(_ catalog: LogCatalog) { self.catalog = catalog }

    var isDamaged: Bool { findings.contains { $0.isDamage } }

    mutating func run(
        in files: inout (some FileStore & ~Copyable), _ visit: (Step) -> Void
    ) throws(FileError) {
        let needed = catalog.segments.filter { $0.number >= catalog.oldest }
        checkOldest(of: needed)
        for (place, segment) in needed.enumerated() {
            if let header = segment.header {
                try walk(header, isFirst: place == 0, end(of: place, in: needed), in: &files, visit)
            } else {
                report(segment, firstAfter: needed[(place + 1)...].lazy.compactMap { $0.header?.first }.first)
            }
        }
    }

    private mutating func checkOldest(of needed: [LogCatalog.Segment]) {
        let oldest = catalog.oldest
        guard let segment = needed.first else {
            // A spare was a segment once, and the newest is never one.
            if !catalog.spares.isEmpty { reportMissing(.first, nil) }
            return
        }
        guard oldest.rawValue > 0, segment.number > oldest else { return }
        let first = segment.header?.first ?? FrameNumber(1)
        reportMissing(oldest, first > FrameNumber(1) ? FrameNumber(1)...first.previous : nil)
    }

    private mutating func reportMissing(_ number: SegmentNumber, _ missing: ClosedRange<FrameNumber>?) {
        let damage = LogDamage(file: LogNames.segment(number), offset: 0, missing: missing, fault: .missing)
        findings.append(.damage(damage))
    }

    private func end(of place: Int, in needed: [LogCatalog.Segment]) -> End {
        let later = needed[(place + 1)...]
        guard let following = later.first else { return .open }
        guard following.header != nil else { return .unknown }
        // A segment goes back behind those before it where what they held was never durable.
        return .before(later.compactMap { $0.header?.first }.min() ?? next)
    }

    private mutating func report(_ segment: LogCatalog.Segment, firstAfter: FrameNumber?) {
        guard let fault = segment.fault else { return }
        let missing = firstAfter.flatMap { $0 > next ? next...$0.previous : nil }
        findings.append(.damage(LogDamage(file: segment.name, offset: 0, missing: missing, fault: fault)))
        if let firstAfter { next = max(next, firstAfter) }
    }

    // MARK: - One segment

    private mutating func walk(
        _ header: SegmentHeader, isFirst: Bool, _ end: End, in files: inout (some FileStore & ~Copyable),
        _ visit: (Step) -> Void
    ) throws(FileError) {
        let name = LogNames.segment(header.number)
        var reader = try SegmentReader(name, header.stamp, in: &files)
        next = header.first
        proven = max(proven, header.headLast)
        var offset = SegmentHeader.bytes
        while isInside(end) {
            switch try reader.frame(next, at: offset, in: &files) {
            case .success(let frame):
                visit(Step(segment: header.number, frame: frame, counts: frame.header.kind != .restated || isFirst))
                proven = max(proven, frame.header.synced)
                next = next.next
                offset += frame.header.frameBytes
            case .failure(let fault):
                let place = try judge(fault, at: offset, end, &reader, in: &files)
                guard let place else { return }
                offset = place
            }
        }
    }

    private func isInside(_ end: End) -> Bool {
        if case .before(let number) = end { next < number } else { true }
    }

    /// What a place without the next frame means. Says where to go on; nil where the segment ends.
    private mutating func judge(
        _ fault: LogFault, at offset: Int, _ end: End, _ reader: inout SegmentReader,
        in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Int? {
        let name = reader.window.name
        if case .open = end {
            let told = try reader.toldDurable(after: offset, in: &files)
            proven = max(proven, told)
        }
        guard wasDurable(end, fault) else {
            try endTail(fault, at: offset, end, &reader, in: &files)
            return nil
        }
        let resumed = try reader.nextHeader(from: offset + 1, atLeast: next.next, in: &files).flatMap { found in
            isInside(found.header.number, end) ? found : nil
        }
        let last = resumed?.header.number.previous ?? lastDurable(end)
        findings.append(
            .damage(LogDamage(file: name, offset: offset, missing: next...max(next, last), fault: fault)))
        next = resumed?.header.number ?? max(next, last).next
        return resumed?.offset
    }

    private func wasDurable(_ end: End, _ fault: LogFault) -> Bool {
        // With both checksums right it was written so: nothing that a crash tears.
        if case .undecodable = fault { return true }
        return switch end {
        case .before: true
        case .unknown: false
        case .open: next <= proven
        }
    }

    private func isInside(_ number: FrameNumber, _ end: End) -> Bool {
        if case .before(let limit) = end { number < limit } else { true }
    }

    private func lastDurable(_ end: End) -> FrameNumber {
        if case .before(let number) = end { number.previous } else { max(next, proven) }
    }

    /// A clean end, with zeros behind it, or a torn one. Where the next segment's header is damaged, either.
    private mutating func endTail(
        _ fault: LogFault, at offset: Int, _ end: End, _ reader: inout SegmentReader,
        in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) {
        guard case .open = end else { return }
        let follows = try reader.nextHeader(from: offset, atLeast: next, in: &files) != nil
        guard fault != .nothing || follows else { return }
        let extent = try reader.extent(from: offset, in: &files)
        guard extent > 0 else { return }
        findings.append(
            .tornTail(
                TornTail(file: reader.window.name, offset: offset, bytes: extent, frame: next, fault: fault)))
    }
}
