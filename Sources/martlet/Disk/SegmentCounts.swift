// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog

/// How many frames of each kind a segment holds, by what people call them.
struct SegmentCounts {
    static let names = [
        "incarnation", "view", "entered", "synced", "batch", "wrote", "accepted", "decided", "stable", "restated",
        "seal",
    ]

    private let counts: [Int]

    init(_ segment: LogInspection.Segment) {
        let records = segment.records
        counts = [
            records.incarnations, records.views, records.entered, records.synced, records.batches, records.wrote,
            records.accepted, records.decided, records.stable, segment.restated, segment.seals,
        ]
    }

    subscript(name: String) -> Int { Self.names.firstIndex(of: name).map { counts[$0] } ?? 0 }

    var json: JSONValue {
        .object(zip(Self.names, counts).map { JSONValue.Member(name: $0, value: .integer($1)) })
    }
}
