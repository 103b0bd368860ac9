// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

extension DiskExamination {
    /// With the files one by one, or only how many there are.
    func json(listingFiles: Bool) -> JSONValue {
        let head: KeyValuePairs<String, JSONValue> = [
            "ok": .boolean(problems.isEmpty), "log": .text(place.log),
            "group": identity.map { .text($0.group.hexadecimal) } ?? .null,
            "replica": identity.map { .integer(Int($0.replica.rawValue)) } ?? .null,
            "format": .integer(Int(LogInspection.format)), "durableFrame": .number(log.proven),
            "frames": .integer(log.segments.reduce(0) { $0 + $1.framesRead }),
            "records": .integer(log.segments.reduce(0) { $0 + $1.records.total }),
            "segments": listingFiles ? .list(log.segments.map(Self.json)) : .integer(log.segments.count),
            "snapshots": snapshots.map { snapshots in
                listingFiles ? .list(snapshots.snapshots.map(Self.json)) : .integer(snapshots.snapshots.count)
            } ?? .null,
            "layers": snapshots.map { snapshots in
                listingFiles ? .list(snapshots.layers.map(Self.json)) : .integer(snapshots.layers.count)
            } ?? .null,
            "problems": .list(problems.map(\.json)), "tornTail": tornTail.map(Self.json) ?? .null,
            "abandoned": .list(log.abandoned.map { .text($0) }),
        ]
        return .object(head)
    }

    private static func json(_ segment: LogInspection.Segment) -> JSONValue {
        .object([
            "file": .text(segment.file), "bytes": .integer(segment.fileBytes), "frames": .range(segment.frames),
            "instances": .range(segment.instances), "records": SegmentCounts(segment).json,
        ])
    }

    private static func json(_ snapshot: SnapshotInspection.Snapshot) -> JSONValue {
        .object([
            "file": .text(snapshot.file), "bytes": .integer(snapshot.fileBytes), "instance": .number(snapshot.instance),
            "digest": snapshot.digest.map { .text($0.hexadecimal) } ?? .null, "isWhole": .boolean(snapshot.isWhole),
            "chunks": snapshot.chunks.map { .integer($0) } ?? .null,
            "stateBytes": snapshot.stateBytes.map { .integer($0) } ?? .null,
            "damagedChunks": .integer(snapshot.damagedChunks),
        ])
    }

    private static func json(_ layer: SnapshotInspection.Layer) -> JSONValue {
        .object([
            "file": .text(layer.file), "bytes": .integer(layer.fileBytes), "chunks": .integer(layer.chunks),
            "neededBytes": .integer(layer.neededBytes), "damagedChunks": .integer(layer.damages.count),
        ])
    }

    private static func json(_ tail: TornTail) -> JSONValue {
        .object([
            "file": .text(tail.file), "offset": .integer(tail.offset), "bytes": .integer(tail.bytes),
            "frame": .number(tail.frame), "reason": .text("\(tail.fault)"),
        ])
    }
}

extension JSONValue {
    static func number(_ number: some DistinctNumber) -> JSONValue { .integer(Int(clamping: number.rawValue)) }

    /// First and last.
    static func range(_ range: ClosedRange<some DistinctNumber>?) -> JSONValue {
        range.map { .list([.number($0.lowerBound), .number($0.upperBound)]) } ?? .null
    }
}
