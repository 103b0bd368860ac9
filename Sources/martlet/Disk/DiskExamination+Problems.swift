// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

extension DiskExamination {
    static func problems(_ place: LogPlace, _ log: LogInspection, _ snapshots: SnapshotInspection?) -> [DiskProblem] {
        let owner = log.segments.last { $0.identity != nil }?.identity
        var problems = log.findings.compactMap { finding -> DiskProblem? in
            guard case .damage(let damage) = finding else { return nil }
            return DiskProblem(damage, in: place.log)
        }
        for segment in log.segments {
            guard let found = segment.identity, let owner, found != owner else { continue }
            problems.append(DiskProblem(place.log + "/" + segment.file, "it is of \(found); the newest is of \(owner)"))
        }
        guard let path = place.snapshots, let snapshots else { return problems }
        for snapshot in snapshots.snapshots {
            let file = path + "/" + snapshot.file
            if let fault = snapshot.fault {
                problems.append(DiskProblem(file, "\(fault)"))
            } else if snapshot.damagedChunks > 0, let chunks = snapshot.chunks {
                let reason = "\(snapshot.damagedChunks) of its \(chunks) chunks are damaged or gone, see the layers"
                problems.append(DiskProblem(file, reason))
            } else if let found = snapshot.identity, let owner, found != owner {
                problems.append(DiskProblem(file, "it is of \(found); the log is of \(owner)"))
            }
        }
        for layer in snapshots.layers { problems += Self.problems(of: layer, in: path) }
        if let gap = gap(log, snapshots) { problems.append(DiskProblem(path, gap)) }
        return problems
    }

    private static func problems(of layer: SnapshotInspection.Layer, in path: String) -> [DiskProblem] {
        let file = path + "/" + layer.file
        let whole = layer.fault.map { [DiskProblem(file, "\($0)")] } ?? []
        return whole
            + layer.damages.map { damage in
                var problem = DiskProblem(file, "\(damage.fault)")
                problem.offset = damage.offset
                return problem
            }
    }

    /// What lies between the newest snapshot that the replica would begin with and what the log tells: nothing may (protocol §7).
    /// Nil where nothing does, or where damage to the log already says more.
    static func gap(_ log: LogInspection, _ snapshots: SnapshotInspection?) -> String? {
        guard let snapshots, !log.isDamaged else { return nil }
        let base = log.stable.last { checkpoint in
            snapshots.snapshots.contains {
                $0.isWhole && $0.instance == checkpoint.instance && $0.digest == checkpoint.digest
            }
        }
        let covered = base?.instance ?? .zero
        let needed: String
        if let first = log.instances.first(where: { $0 > covered }) {
            guard first > covered.next else { return nil }
            needed = "the log tells of instances from \(first) on"
        } else {
            guard base == nil, let last = log.stable.last else { return nil }
            needed = "the log tells only of the stable checkpoint after instance \(last.instance)"
        }
        let have = base.map { "the newest whole one that was stable is that after instance \($0.instance)" }
        return "a snapshot is missing: \(needed), and \(have ?? "there is no whole one that was stable")"
    }
}
