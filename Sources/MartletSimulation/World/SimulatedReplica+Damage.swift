// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletLog
import MartletTypes

/// What is wrong with its disk, and what it does about it.
extension SimulatedReplica {
    func losePower(after operations: Int) { disk?.losePower(after: operations) }
    func setDiskFull(_ isFull: Bool) { disk?.setFull(isFull) }

    /// Keeps a snapshot on the disk, where there is one; false when it is not needed any more.
    func keep(_ instance: Instance, _ digest: Digest) throws -> Bool {
        guard let checkpoint = store.checkpoint(after: instance, digest) else { return false }
        try disk?.keep(checkpoint, after: instance)
        return true
    }

    func damageDisk(_ random: inout SeededRandom) -> [String] { disk?.damage(&random) ?? [] }

    func loseDisk(_ random: inout SeededRandom) -> [String] { disk?.lose(&random) ?? [] }

    /// How many.
    func repairSnapshots() throws -> Int {
        var count = 0
        for (instance, digest) in try disk?.findSnapshotDamage() ?? [] where try keep(instance, digest) { count += 1 }
        return count
    }

    /// Nil where the log is whole.
    func beginLogReplacement() throws -> UInt64? {
        guard !needsRescue else { throw LogError.needsRescue }
        return try disk?.beginLogReplacement()
    }

    func finishLogReplacement() throws -> Bool {
        guard let (told, position) = rewritten, gate.durable >= position, !needsRescue else { return false }
        do {
            guard try disk?.finishLogReplacement(told) == true else { return false }
        } catch {
            // Unless there is no space for it, and still some for what is written.
            guard !needsRescue, disk?.hasNoPower != true else { throw error }
            return false
        }
        rewritten = nil
        return true
    }

    private var needsRescue: Bool { disk?.needsRescue ?? false }
}
