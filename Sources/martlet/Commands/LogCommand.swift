// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `martlet log`: what a durable replica has written down, and whether it is still there. Only reads.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Look at what a replica of a durable group has written to its disk.",
        subcommands: [Inspect.self, Verify.self])

    struct Options: ParsableArguments {
        @Argument(help: "The replica's home, or the directory of its log.") var directory: String
        @Flag(help: "End with one line of JSON.") var json = false
    }

    struct Inspect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List segments and snapshots: what is in them, and what is not as it should be.",
            discussion: "Changes nothing, and may be used while the replica runs.")

        @OptionGroup var options: Options

        func run() async throws {
            let console = Console(isJSON: options.json)
            try await FailureReport.telling(console) {
                let examination = try DiskExamination(options.directory)
                console.say(DiskListing(examination: examination).text)
                console.report(examination.json(listingFiles: true))
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check every checksum of log and snapshots, and the digest of each snapshot.",
            discussion: """
                Changes nothing, and may be used while the replica runs. Ends with a non-zero status when something is \
                damaged or cannot be read; a torn tail is no damage.
                """)

        @OptionGroup var options: Options

        func run() async throws {
            let console = Console(isJSON: options.json)
            try await FailureReport.telling(console) {
                let verdict = DiskVerdict(examination: try DiskExamination(options.directory))
                console.say(verdict.text)
                console.report(verdict.examination.json(listingFiles: false))
                if !verdict.isOK { throw ExitCode(1) }
            }
        }
    }
}
