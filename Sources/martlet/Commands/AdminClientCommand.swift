// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTypes

/// `martlet admin client`: who is served, client by client.
struct AdminClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Admit clients, expel them, or replace a client's key.",
        subcommands: [
            AdminStep<ClientAddOperation>.self, AdminStep<ClientRemoveOperation>.self,
            AdminStep<ClientExpelOperation>.self, AdminStep<ClientReplaceOperation>.self,
        ])
}

/// `martlet admin propose client`.
struct AdminProposeClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Admit clients, expel them, or replace a client's key.",
        subcommands: [
            AdminProposal<ClientAddOperation>.self, AdminProposal<ClientRemoveOperation>.self,
            AdminProposal<ClientExpelOperation>.self, AdminProposal<ClientReplaceOperation>.self,
        ])
}

struct AccessOperation: AdminOperation {
    static let commandName = "access"
    static let abstract = "Serve anyone with a key (open), or only clients that are admitted by name (listed)."

    @Argument(help: "open or listed.") var access: String

    func validate() throws {
        guard ["open", "listed"].contains(access) else {
            throw ValidationError("say 'open' or 'listed', not '\(access)'")
        }
    }

    func operation(on view: View) -> GroupOperation { .access(.policy(access == "open" ? .open : .listed)) }
}

/// Clients as a person names them.
struct NamedClients: ParsableArguments {
    @Argument(help: "Public keys, as martlet key show prints them, or key files.") var key: [String]

    /// By ascending key.
    func clients() throws -> [ClientID] {
        let keys = try key.map(PublicKeyList.key).sorted()
        for (one, next) in zip(keys, keys.dropFirst()) where one == next {
            throw CommandFailure("the client \(one) is named twice")
        }
        return keys.map { ClientID($0) }
    }
}

struct ClientAddOperation: AdminOperation {
    static let commandName = "add"
    static let abstract = "Admit clients by name, or give them other limits."

    @OptionGroup var named: NamedClients
    @Option(help: "The most sessions of each (default: the group's sessionsPerClientMax).") var sessions: UInt32 = 0
    @Option(help: "The most requests of each in one batch (default: a quarter of a batch).") var batchRequests: UInt32 =
        0
    @Option(help: "The most bytes of each in one batch (default: a quarter of a batch).") var batchBytes: UInt32 = 0

    func operation(on view: View) throws -> GroupOperation {
        let limits = ClientLimits(
            sessionsMax: sessions, batchRequestsMax: batchRequests, batchBytesMax: batchBytes)
        if let complaint = limits.complaint { throw CommandFailure(complaint) }
        return .access(.admit(try named.clients().map { AccessChange.Grant($0, limits) }))
    }
}

struct ClientRemoveOperation: AdminOperation {
    static let commandName = "remove"
    static let abstract = "Take clients off the list: the group does with them as with anyone that it knows nothing of."

    @OptionGroup var named: NamedClients

    func operation(on view: View) throws -> GroupOperation { .access(.forget(try named.clients())) }
}

struct ClientExpelOperation: AdminOperation {
    static let commandName = "expel"
    static let abstract = "Shut clients out, also of a group that is open, until they are admitted or removed."

    @OptionGroup var named: NamedClients

    func operation(on view: View) throws -> GroupOperation { .access(.expel(try named.clients())) }
}

struct ClientReplaceOperation: AdminOperation {
    static let commandName = "replace"
    static let abstract = "Give a client another key: the old one is shut out, the new one has its limits."

    @Argument(help: "Its public key, or key file.") var old: String
    @Argument(help: "Its new public key, or key file.") var new: String

    func operation(on view: View) throws -> GroupOperation {
        .access(.replace(ClientID(try PublicKeyList.key(old)), by: ClientID(try PublicKeyList.key(new))))
    }
}
