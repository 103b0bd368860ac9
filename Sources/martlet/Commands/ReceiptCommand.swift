// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletCrypto
import MartletTypes

/// `martlet receipt`: a result that a group has signed.
struct ReceiptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt", abstract: "Verify a receipt, which shows what a group has done for a client.",
        discussion: "Receipts are made by 'martlet kv put --receipt FILE' and its like.", subcommands: [Verify.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a receipt shows, and whether it is the group's.",
            discussion: """
                Needs nobody but the genesis: no group, no network, no key. Ends with status 0 when members that weigh a quorum of one of \
                the group's proved views have signed just this operation with just this result, and 1 with what is wrong otherwise.
                """)

        @Argument(help: "The receipt.") var file: String
        @Option(help: "The genesis of the group, from whom you trust.") var genesis: String
        @Flag(help: "End with one line of JSON.") var json = false

        func run() async throws {
            let console = Console(isJSON: json)
            try await FailureReport.telling(console) {
                let genesis = try GenesisFile.read(genesis)
                try Self.report(on: file, genesis).tell(console)
            }
        }

        static func report(on file: String, _ genesis: Genesis) throws -> ReceiptReport {
            do {
                let receipt = try ReceiptFile.read(file).checked(against: genesis)
                return ReceiptReport(file: file, genesis: genesis, receipt: receipt)
            } catch let error as ReceiptError {
                throw CommandFailure("\(file) shows nothing: \(error)")
            }
        }
    }
}
