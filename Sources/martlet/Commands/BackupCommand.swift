// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletReplica
import MartletTypes

/// `martlet backup`: a verified checkpoint in a file.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Make a backup of a durable group, or verify one.",
        subcommands: [Make.self, Verify.self])

    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a group's newest stable checkpoint, with its proof, into a file.",
            discussion: """
                Reads the home of one replica of a durable group, which may run meanwhile, and needs no other: what a quorum has \
                not signed is not written. What was executed after the newest stable checkpoint is not in it. See also: \
                martlet restore.
                """)

        @Argument(help: "The home of a replica, as DIR/replicas/0.") var home: String
        @Argument(help: "The file to make. Nothing is written over.") var file: String
        @Option(help: "The group's genesis (default: the one that the home names).") var genesis: String?
        @Flag(help: "End with one line of JSON.") var json = false

        func run() async throws {
            let console = Console(isJSON: json)
            try await FailureReport.telling(console) {
                let path = try genesis ?? ReplicaFile(home: home).genesisPath
                let progress = ByteProgress("written")
                var passedOver: BackupError?
                let backup = try Backup.make(
                    ofHome: home, genesis: GenesisFile.read(path), to: file, onOlder: { passedOver = $0 }
                ) { progress.note($0.bytesDone, of: $0.bytes) }
                if let passedOver {
                    Console.note("The newest checkpoint could not be taken, so this is an older one: \(passedOver)")
                }
                BackupReport(backup: backup, file: file).tell(console, "Wrote \(file).", passedOver: passedOver)
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what is in a backup, and whether it is whole and what a quorum signed.",
            discussion: """
                Reads all of it. With --genesis it must be of that group; with --trust-backup only what it says of itself is \
                checked. Ends with a non-zero status when anything is wrong.
                """)

        @Argument(help: "The backup.") var file: String
        @OptionGroup var trust: BackupTrust
        @Flag(help: "End with one line of JSON.") var json = false

        func validate() throws { try trust.requireDecision() }

        func run() async throws {
            let console = Console(isJSON: json)
            try await FailureReport.telling(console) {
                let progress = ByteProgress("read")
                let backup = try Backup.verify(file, of: trust.knownGenesis()) {
                    progress.note($0.bytesDone, of: $0.bytes)
                }
                let words =
                    trust.trustBackup ? "the group that it names: compare the id" : "the group of that genesis"
                BackupReport(backup: backup, file: file).tell(console, "\(file) is whole, and signed by \(words).")
            }
        }
    }
}
