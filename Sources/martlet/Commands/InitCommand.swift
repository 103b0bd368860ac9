// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `martlet init`: founds a group.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Found a group.",
        discussion: """
            With --replicas everything is made for this machine: keys, addresses, one home for each replica, and a key \
            for a client that is also the administrator. With --member each party has made its own key \
            ('martlet key new') and told its public key and address; what is made are the genesis that all of them \
            must have, and a home for each replica, to which its party adds its key.
            """)

    @OptionGroup var founding: FoundingOptions
    @Flag(help: "End with one line of JSON.") var json = false

    func run() throws {
        let (directory, genesis) = try founding.found()
        FoundingReport(directory: directory, genesis: genesis, isLocal: founding.replicas != nil)
            .tell(Console(isJSON: json))
    }
}
