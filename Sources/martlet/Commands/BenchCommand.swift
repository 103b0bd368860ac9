// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `martlet bench`.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a group on this machine.",
        subcommands: [
            LoadBenchCommand.self, CheckpointBenchCommand.self, DurabilityBenchCommand.self, RecoveryBenchCommand.self,
        ], defaultSubcommand: LoadBenchCommand.self)
}
