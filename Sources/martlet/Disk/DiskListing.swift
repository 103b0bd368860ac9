// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

/// All that lies on a replica's disk, file by file: what `martlet log inspect` says.
struct DiskListing {
    let examination: DiskExamination

    private var log: LogInspection { examination.log }

    var text: String {
        var parts = [heading, segments.text]
        if let text = snapshotText { parts.append(text) }
        if let text = layerText { parts.append(text) }
        return (parts + [remarks]).joined(separator: "\n\n")
    }

    private var heading: String {
        let owner = examination.identity.map { "\($0)" } ?? "unknown: no header of a segment can be read"
        return """
            log       \(examination.place.log)
            of        \(owner)
            format    \(LogInspection.format)
            durable   up to frame \(log.proven), as the log itself proves
            """
    }

    /// Kinds of which there are none have no column.
    private var segments: ConsoleTable {
        let kinds = SegmentCounts.names.filter { name in log.segments.contains { SegmentCounts($0)[name] > 0 } }
        var table = ConsoleTable(
            [.init("segment"), .init("bytes", .right), .init("frames", .right), .init("instances", .right)]
                + kinds.map { .init($0, .right) })
        for segment in log.segments {
            let counts = SegmentCounts(segment)
            table.add(
                [
                    segment.file, "\(segment.fileBytes)", Self.range(segment.frames), Self.range(segment.instances),
                ] + kinds.map { "\(counts[$0])" })
        }
        return table
    }

    private var snapshotText: String? {
        guard let snapshots = examination.snapshots?.snapshots else { return nil }
        guard !snapshots.isEmpty else { return "no snapshots" }
        var table = ConsoleTable([
            .init("snapshot"), .init("instance", .right), .init("state bytes", .right), .init("chunks", .right),
            .init("digest"), .init("state"),
        ])
        for snapshot in snapshots {
            table.add([
                snapshot.file, "\(snapshot.instance)", snapshot.stateBytes.map { "\($0)" } ?? "-",
                snapshot.chunks.map { "\($0)" } ?? "-",
                snapshot.digest.map { "\($0)…" } ?? "-", snapshot.isWhole ? "whole" : "damaged",
            ])
        }
        return table.text
    }

    private var layerText: String? {
        guard let layers = examination.snapshots?.layers, !layers.isEmpty else { return nil }
        var table = ConsoleTable([
            .init("layer"), .init("bytes", .right), .init("needed", .right), .init("chunks", .right), .init("state"),
        ])
        for layer in layers {
            let isWhole = layer.fault == nil && layer.damages.isEmpty
            table.add([
                layer.file, "\(layer.fileBytes)", "\(layer.neededBytes)", "\(layer.chunks)",
                isWhole ? "whole" : "damaged",
            ])
        }
        return table.text
    }

    private static func range(_ range: ClosedRange<some DistinctNumber>?) -> String {
        range.map { "\($0.lowerBound)-\($0.upperBound)" } ?? "-"
    }

    private var remarks: String {
        let problems = examination.problems.map { "damaged: \($0.text)" }
        return ((problems.isEmpty ? ["nothing is damaged"] : problems) + DiskRemarks.lines(examination))
            .joined(separator: "\n")
    }
}
