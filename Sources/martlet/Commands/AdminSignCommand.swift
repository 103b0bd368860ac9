// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletCrypto
import MartletTypes

/// `martlet admin sign`: another signature in an operation's file.
struct AdminSignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Add an administrator's signature to an operation, after saying what it is.",
        discussion: "Needs no connection: only the file, the group's genesis and the key.")

    @Argument(help: "The file, as martlet admin propose makes it.") var file: String
    @Option(
        name: [.customLong("key"), .customLong("key-file")],
        help: "The administrator's key file (default: the group's client.key).")
    var key: String?
    @OptionGroup var options: OfflineOptions

    func run() async throws {
        let console = options.console
        try await FailureReport.telling(console) {
            var operation = try OperationFile.read(file)
            let genesis = try options.readGenesis()
            try operation.require(group: Hashing.group(of: genesis), of: genesis, file: file)
            let key = try KeyFile.read(at: self.key ?? GroupPlace.directory(options.group).clientKeyPath)
            console.say(OperationText(operation.operation).lines.joined(separator: "\n"))
            if let odd = OperationText(operation.operation).signatures(group: operation.group).first(where: {
                !$0.isValid
            }) {
                throw CommandFailure(
                    "\(file) holds a signature of \(odd.administrator) that is not one of this operation: it was changed after it was "
                        + "signed. Propose it anew")
            }
            if !genesis.administrators.contains(key.publicKey) {
                Console.note(
                    "Warning: the group was not founded with \(key.publicKey) as an administrator: it must have become one since"
                )
            }
            operation.operation = AdministratorSealer(
                group: operation.group, publicKey: key.publicKey, key: key, scheme: Ed25519Scheme()
            ).sign(operation.operation)
            try operation.write(to: file, isNew: false)
            console.say("signed with the key \(key.publicKey): \(operation.operation.shares.count) in all")
            console.report(.object(OperationText(operation.operation).json(group: operation.group).with("ok", true)))
        }
    }
}
