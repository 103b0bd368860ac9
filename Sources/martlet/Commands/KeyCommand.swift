// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletCrypto

/// `martlet key`: each party makes its own key and shows the public half.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make or show an Ed25519 key.", subcommands: [New.self, Show.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new private key in a file that only you may read, and print the public key.")

        @Argument(help: "The file to make; it must not exist.") var file: String
        @Flag(help: "End with one line of JSON.") var json = false

        func run() throws {
            let key = SigningKey()
            try KeyFile.create(at: file, with: key)
            KeyCommand.show(key, in: file, Console(isJSON: json))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the public key of a key file.")

        @Argument(help: "The key file.") var file: String
        @Flag(help: "End with one line of JSON.") var json = false

        func run() throws { KeyCommand.show(try KeyFile.read(at: file), in: file, Console(isJSON: json)) }
    }

    private static func show(_ key: SigningKey, in file: String, _ console: Console) {
        console.say("\(key.publicKey)")
        console.report(.object(["file": .text(file), "publicKey": .text("\(key.publicKey)")]))
    }
}
