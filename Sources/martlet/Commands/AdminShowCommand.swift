// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletCrypto
import MartletTypes

/// `martlet admin show`: what an operation's file says.
struct AdminShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Say what an operation asks for and who has signed it.",
        discussion: "Needs no connection. What the comments of the file say is not believed.")

    @Argument(help: "The file, as martlet admin propose and sign make it.") var file: String
    @OptionGroup var options: OfflineOptions

    func run() async throws {
        let console = options.console
        try await FailureReport.telling(console) {
            let operation = try OperationFile.read(file)
            let genesis = try options.readGenesis()
            try operation.require(group: Hashing.group(of: genesis), of: genesis, file: file)
            let text = OperationText(operation.operation)
            let signatures = text.signatures(group: operation.group)
            let lines =
                ["group \(ForeignText.shown(genesis.name)), \(operation.group.hexadecimal)"] + text.lines
                + signatures.map {
                    "  \($0.administrator)"
                        + ($0.isValid ? "" : ": NOT VALID, made for something else")
                        + (genesis.administrators.contains($0.administrator)
                            ? "" : " (no administrator at the founding)")
                }
            console.say(lines.joined(separator: "\n"))
            console.report(.object(text.json(group: operation.group).with("ok", true)))
        }
    }
}
