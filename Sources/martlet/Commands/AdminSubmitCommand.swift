// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletCrypto
import MartletTypes

/// `martlet admin submit`: an operation from its file to the group.
struct AdminSubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Have the group do a signed operation, and tell what became of it.",
        discussion: "Whoever may be a client may submit it. Doing it again does no harm: it is done once.")

    @Argument(help: "The file, as martlet admin propose and sign make it.") var file: String
    @OptionGroup var options: AdminOptions

    func run() async throws {
        let console = options.console
        try await FailureReport.telling(console) {
            let operation = try OperationFile.read(file)
            let access = try options.access()
            try operation.require(group: access.view.group, of: access.genesis, file: file)
            let desk = try await OperationDesk(access, within: options.limit)
            let view = try await desk.order(operation.operation)
            console.say("view \(view) follows: \(OperationText.words(operation.operation.operation))")
            console.report(.object(["ok": true, "view": .integer(Int(clamping: view.rawValue))]))
        }
    }
}
