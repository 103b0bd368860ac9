// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletReplica

/// `martlet`: everything that runs on a replica's machine and beside clients.
@main
struct MartletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "Replication that keeps answering correctly while some replicas fail or lie.",
        version: SoftwareVersion.current,
        subcommands: [
            DemoCommand.self, KeyCommand.self, InitCommand.self, UpCommand.self, ReplicaCommand.self, KVCommand.self,
            StatusCommand.self, LogCommand.self, BackupCommand.self, RestoreCommand.self, ReceiptCommand.self,
            AdminCommand.self, AdaptationCommand.self, BenchCommand.self, JudgeCommand.self, AttackCommand.self,
            PowerCutsCommand.self, SimulateCommand.self,
            OptimizeCommand.self, QuorumsCommand.self, ExperimentCommand.self, WideAreaCommand.self, RelayCommand.self,
            WideAreaClientCommand.self,
        ])
}
