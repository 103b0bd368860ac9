// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletCrypto
import MartletTypes

/// `martlet admin`: changing a running group.
struct AdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin",
        abstract: "Change a running group: its members, faults, keys, administrators, clients, settings.",
        discussion: """
            Where one administrator's signature suffices, each operation is one step: martlet admin add …. Where several must sign: \
            martlet admin propose … > FILE, martlet admin sign FILE by each of them, martlet admin submit FILE. Ends with status 0 when it \
            was done, 1 when it was refused for sure, 3 when it is not known.
            """,
        subcommands: [
            AdminStep<AddOperation>.self, AdminStep<ReplaceOperation>.self, AdminStep<RemoveOperation>.self,
            AdminStep<TolerateOperation>.self, AdminStep<RekeyOperation>.self, AdminStep<MoveOperation>.self,
            AdminStep<AdministratorsOperation>.self, AdminStep<SettingsOperation>.self,
            AdminStep<ArrangeOperation>.self, AdminStep<UpgradeOperation>.self, AdminStep<AccessOperation>.self,
            AdminClientCommand.self,
            AdminProposeCommand.self, AdminSignCommand.self, AdminSubmitCommand.self, AdminShowCommand.self,
        ])
}

/// `martlet admin propose`: an operation as a file that nobody has signed.
struct AdminProposeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose", abstract: "Write an operation for administrators to sign.",
        subcommands: [
            AdminProposal<AddOperation>.self, AdminProposal<ReplaceOperation>.self, AdminProposal<RemoveOperation>.self,
            AdminProposal<TolerateOperation>.self, AdminProposal<RekeyOperation>.self,
            AdminProposal<MoveOperation>.self,
            AdminProposal<AdministratorsOperation>.self, AdminProposal<SettingsOperation>.self,
            AdminProposal<ArrangeOperation>.self, AdminProposal<UpgradeOperation>.self,
            AdminProposal<AccessOperation>.self, AdminProposeClientCommand.self,
        ])
}

/// What commands on a running group understand.
struct AdminOptions: ParsableArguments {
    @Option(help: "The group's directory (default: $MARTLET_GROUP, or the current one).") var group: String?
    @Option(help: "Sign and speak with this key file instead of the group's client.key.") var keyFile: String?
    @OptionGroup var contacts: ContactOptions
    @Option(help: "Give up waiting after so many seconds.") var timeout: Double = 30
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else { throw ValidationError("--timeout must be from 0 to 86400 seconds") }
    }

    var console: Console { Console(isJSON: json) }
    var limit: Duration { .seconds(timeout) }

    func access() throws -> GroupAccess {
        try GroupAccess(GroupPlace.directory(group), keyFile: keyFile, via: contacts.via)
    }
}

/// What commands understand that need the group's genesis only.
struct OfflineOptions: ParsableArguments {
    @Option(help: "The group's directory (default: $MARTLET_GROUP, or the current one).") var group: String?
    @Option(help: "The group's genesis file, where there is no directory of it.") var genesis: String?
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard group == nil || genesis == nil else { throw ValidationError("say either --group or --genesis") }
    }

    var console: Console { Console(isJSON: json) }

    func readGenesis() throws -> Genesis {
        if let genesis { return try GenesisFile.read(genesis) }
        return try GroupPlace.directory(group).genesis()
    }
}

/// Where a group lies whose directory is not always named.
enum GroupPlace {
    static func directory(_ named: String?) throws -> GroupDirectory {
        if let path = named ?? ProcessInfo.processInfo.environment["MARTLET_GROUP"] { return GroupDirectory(path) }
        guard GroupDirectory.isGroup(".") else {
            throw CommandFailure("there is no group in the current directory: name the group's with --group DIR")
        }
        return GroupDirectory(".")
    }
}
