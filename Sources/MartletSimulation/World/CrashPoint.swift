// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Where a replica of a durable group was when it crashed or lost power: for each record that something must wait for (protocol §7),
/// that it was written and not durable; and each step of its log and snapshots.
enum CrashPoint: String, CaseIterable {
    case batch = "batch not durable"
    case wrote = "WRITE not durable"
    case accepted = "lock and ACCEPT not durable"
    case decided = "decision not durable"
    case entered = "epoch not durable"
    case synced = "SYNC not durable"
    case view = "view not durable"
    case incarnation = "incarnation not durable"
    case stable = "stable checkpoint not durable"
    case appending = "in a write to the log"
    case syncing = "in a sync of the log"
    case beginningSegment = "in beginning a segment"
    case lettingSegmentsGo = "in letting segments go"
    case writingLayer = "in writing a snapshot's chunks"
    case writingManifest = "in writing a snapshot's manifest"
    case lettingSnapshotsGo = "in letting a snapshot go"
    case syncingNames = "in making names durable"
    case restoring = "going on from an earlier run"

    /// Of a record that is not durable yet.
    init(_ record: LogRecord) {
        switch record {
        case .batch: self = .batch
        case .wrote: self = .wrote
        case .accepted: self = .accepted
        case .decided: self = .decided
        case .entered: self = .entered
        case .synced: self = .synced
        case .view: self = .view
        case .incarnation: self = .incarnation
        case .stable: self = .stable
        }
    }

    /// Of an operation that the power was gone in; nil where it changes nothing.
    init?(_ operation: SimulatedDirectory.Operation, on file: String) {
        switch (operation, file) {
        case (.size, _), (.read, _), (.names, _): return nil
        case (.syncNames, _): self = .syncingNames
        case (_, let file) where file.hasPrefix("log-draft"): self = .beginningSegment
        case (_, let file) where file.hasPrefix("spare"): self = .lettingSegmentsGo
        case (.remove, let file), (.rename, let file):
            if file.hasPrefix("log-") {
                self = .lettingSegmentsGo
            } else if file == "layer-draft" {
                self = .writingLayer
            } else if file == "snapshot-draft" {
                self = .writingManifest
            } else {
                self = .lettingSnapshotsGo
            }
        case (_, let file) where file.hasPrefix("layer-"): self = .writingLayer
        case (_, let file) where file.hasPrefix("snapshot-"): self = .writingManifest
        case (.sync, _): self = .syncing
        case (.write, _), (.create, _): self = .appending
        }
    }
}

extension SimulatedReplica {
    /// Where it stands, were it to crash now; each point once.
    var crashPoints: [CrashPoint] {
        guard let disk else { return [] }
        var points = Set(unwritten.map { CrashPoint($0) })
        if let (operation, file) = disk.interrupted, let point = CrashPoint(operation, on: file) {
            points.insert(point)
        }
        if isRestoring { points.insert(.restoring) }
        return CrashPoint.allCases.filter { points.contains($0) }
    }
}
