// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTypes

/// Which group a backup is to be of.
struct BackupTrust: ParsableArguments {
    @Option(help: "The genesis of the group that the backup must be of.") var genesis: String?
    @Flag(help: "Trust the genesis in the backup itself: for when no other copy of it is left. Compare the group's id.")
    var trustBackup = false

    /// Whoever makes up a group can sign any state in its name.
    func requireDecision() throws {
        guard (genesis != nil) != trustBackup else {
            throw ValidationError(
                "say --genesis FILE, the genesis of the group that the backup is of; or, where no copy of it is left, --trust-backup"
            )
        }
    }

    func knownGenesis() throws -> Genesis? { try genesis.map(GenesisFile.read) }
}
