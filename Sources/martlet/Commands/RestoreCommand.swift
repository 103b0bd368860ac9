// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletReplica
import MartletTypes

/// `martlet restore`: founds a group that begins with a backup's state.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Found a new group that begins with the state in a backup.",
        discussion: """
            The new group has its own members, keys and settings, said as for 'martlet init'. What clients had open with the old \
            group, sessions and kept replies, stays behind: they need the new genesis, and open new sessions. Each replica's home \
            is given a copy of the backup, the file origin, which it begins with; the genesis names the state, so that all begin \
            with the same one. Of a group that lists its clients, say with --client-access who may be one of the new group. The old group is not touched: see to it that it does not go on beside the new one.
            """)

    @Argument(help: "The backup, as 'martlet backup make' wrote it.") var backup: String
    @OptionGroup var founding: FoundingOptions
    @OptionGroup var trust: BackupTrust
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws { try trust.requireDecision() }

    func run() async throws {
        let console = Console(isJSON: json)
        try await FailureReport.telling(console) {
            let backup = try Backup(at: backup, of: trust.knownGenesis())
            try founding.requireDecidedAccess(after: backup.access)
            let members = founding.replicas ?? founding.member.count
            let progress = ByteProgress("copied", passes: members)
            let (directory, genesis) = try founding.found(origin: backup.newOrigin()) { home in
                try Backup.copy(self.backup, to: home + "/origin", expecting: backup) {
                    progress.note($0.bytesDone, of: $0.bytes)
                }
                progress.endPass()
            }
            console.say(
                "The group begins with the state of:\n\n\(BackupReport(backup: backup, file: self.backup).table)\n")
            FoundingReport(directory: directory, genesis: genesis, isLocal: founding.replicas != nil).tell(console)
        }
    }
}
