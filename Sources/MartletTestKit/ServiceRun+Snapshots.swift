// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

extension ServiceRun {
    mutating func compareSnapshots() throws {
        let snapshot = straight.snapshot()
        let chunks = Machine.written(snapshot).chunks
        let increment = Machine.written(incremental.snapshot(), after: beforeIncremental)
        let rejoined = Machine.written(rejoining.snapshot(), after: beforeRejoining)
        (beforeIncremental, beforeRejoining) = (increment, rejoined)
        let others = [
            ("that was written after another", increment.chunks),
            ("of a service that was restored", Machine.written(restored.snapshot()).chunks),
            ("that was written after the one that the service was restored from", rejoined.chunks),
            ("of a service that has gone back", Machine.written(tentative.snapshot()).chunks),
        ]
        for (name, other) in others {
            guard let difference = difference(chunks, other) else { continue }
            throw ServiceFinding(.chunksDiffer, "after instance \(instance), the snapshot \(name) has \(difference)")
        }
        if kept.count < Self.keptMax || random.chance(1, in: 4) {
            if kept.count == Self.keptMax { kept.remove(at: Int.random(in: 0..<kept.count, using: &random)) }
            kept.append((instance, snapshot, chunks))
        }
    }

    mutating func restore() throws {
        let chunks = Machine.written(straight.snapshot()).chunks
        restored = try machine(from: chunks)
        guard random.chance(1, in: 3) else { return }
        rejoining = try machine(from: chunks)
        beforeRejoining = WrittenSnapshot(
            rejoining.snapshot(), chunks: chunks, digests: Array(repeating: .zero, count: chunks.count))
    }

    private func machine(from chunks: [Bytes]) throws -> Machine {
        var machine = makeMachine()
        do {
            try machine.restore(chunks: chunks)
        } catch {
            throw ServiceFinding(
                .restoringFailed, "the snapshot after instance \(instance) cannot be restored: \(error)")
        }
        return machine
    }

    func compareKept() throws {
        for (instance, snapshot, chunks) in kept {
            guard let difference = difference(chunks, Machine.written(snapshot).chunks) else { continue }
            throw ServiceFinding(
                .snapshotChanges, "later on, the snapshot after instance \(instance) has \(difference)")
        }
    }

    /// In a group that begins with this state instances begin at 1 again.
    func beginAnew(asking queries: [Bytes]) throws {
        let chunks = Machine.written(straight.snapshot()).chunks
        var (first, second) = (try machine(from: chunks), try machine(from: chunks))
        first.beginAnew()
        second.beginAnew()
        let begun = Machine.written(first.snapshot()).chunks
        if let difference = difference(begun, Machine.written(second.snapshot()).chunks) {
            throw ServiceFinding(.chunksDiffer, "begun anew from the same state, the snapshot has \(difference)")
        }
        let restored = try machine(from: begun)
        for query in queries {
            let answers = [first.read(query, lastExecuted: .zero), restored.read(query, lastExecuted: .zero)]
            guard let wrong = answers.first(where: { $0.version > .zero }) else { continue }
            throw ServiceFinding(
                .formerInstancesStay,
                "begun anew, before any instance, the answer to \(told(query)) is of instance \(wrong.version)")
        }
    }

    mutating func restoreDamaged() throws {
        let chunks = Machine.written(straight.snapshot()).chunks
        for _ in 0..<check.damagedSnapshots {
            let damaged = Damage.damaged(chunks, &random)
            var machine = makeMachine()
            do {
                try machine.restore(chunks: damaged)
            } catch { continue }
            guard let difference = difference(damaged, Machine.written(machine.snapshot()).chunks) else { continue }
            throw ServiceFinding(
                .damageIsAccepted, "a damaged snapshot was restored; what is written of that state has \(difference)")
        }
    }
}
