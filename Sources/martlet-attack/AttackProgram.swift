// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTypes

/// `martlet-attack`: the hostile peers that `martlet attack` sets upon a group on this machine. A program of its own, so
/// that nothing of it is in what runs replicas.
///
/// It does as a correct peer does until the line `begin` comes on standard input, is hostile until the line `end`, then
/// says how often it acted, and ends with its input.
@main
struct AttackProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet-attack",
        abstract: "Hostile peers for 'martlet attack', which starts them; on this machine only.",
        subcommands: [MemberCommand.self, OutsiderCommand.self])
}

/// A member of the group that has been broken into.
struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "A replica that speaks the protocol and lies.")

    @OptionGroup var options: AttackOptions
    @Option(help: "Which member it is.") var replica: UInt16
    @Argument(help: "What it does.") var behaviour: MemberBehaviour

    func run() async throws {
        let orders = Orders()
        let member = try HostileMember(
            access: options.access(), replica: ReplicaID(replica), behaviour: behaviour.make(), orders: orders)
        orders.listen()
        try await member.run()
    }
}

/// Whoever can reach the group's ports, with a key that the group serves or with none.
struct OutsiderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outsider", abstract: "A client, or no client at all, that keeps to no rule.")

    @OptionGroup var options: AttackOptions
    @Argument(help: "What it does.") var kind: OutsiderKind

    func run() async throws {
        let orders = Orders()
        let outsider = try kind.make(options.access())
        orders.listen()
        try await outsider.run(orders)
    }
}
