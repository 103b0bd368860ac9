// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// What `martlet init` says when it is done.
struct FoundingReport {
    let directory: GroupDirectory
    let genesis: Genesis
    let isLocal: Bool

    func tell(_ console: Console) {
        let group = Hashing.group(of: genesis)
        var table = ConsoleTable([.init("replica", .right), .init("address"), .init("public key")])
        for member in genesis.members {
            table.add(["\(member.id)", "\(Address(host: member.host, port: member.port))", "\(member.key)"])
        }
        let kind = genesis.settings.isDurable ? "durable" : "in memory only"
        console.say("Founded \(genesis.name) in \(directory.path): \(sizes); \(kind); \(access).")
        console.say("Its id is \(group.hexadecimal).\n\n\(table.text)\n\n\(advice)")
        console.report(
            .object([
                "ok": true, "directory": .text(directory.path), "name": .text(genesis.name),
                "group": .text(group.hexadecimal), "faultModel": .text("\(genesis.faultModel)"),
                "f": .integer(genesis.f), "durable": .boolean(genesis.settings.isDurable),
                "clients": clients, "origin": genesis.origin.map(Self.json) ?? .null,
                "members": .list(genesis.members.map(Self.json)),
            ]))
    }

    private var sizes: String {
        let n = genesis.members.count
        guard genesis.f > 0 else { return "one replica, which tolerates no fault" }
        let fault = genesis.faultModel == .byzantine ? "may do anything at all" : "may stop"
        return "\(n) replicas, \(genesis.f) of which \(fault)"
    }

    /// In words.
    var access: String {
        switch genesis.clientAccess {
        case .open: "open to any client"
        case .allowList(let keys): "serves \(keys.count == 1 ? "one client" : "\(keys.count) clients")"
        }
    }

    /// "open", or how many.
    private var clients: JSONValue {
        switch genesis.clientAccess {
        case .open: "open"
        case .allowList(let keys): .integer(keys.count)
        }
    }

    private var advice: String {
        if isLocal { return "Start it with: martlet up \(directory.path)" }
        return """
            Each party: compare the id with the others' over a channel that you trust; take \(directory.genesisPath) and
            your replica's home (\(directory.replicasPath)/K, keeping the layout), put your private key there as
            replica.key, and start it with: martlet replica --home \(directory.replicasPath)/K
            """
                + (genesis.administrators.isEmpty
                    ? "\nNo administrator is named (--admin): nobody can change the members." : "")
    }

    private static func json(_ origin: GenesisOrigin) -> JSONValue {
        .object([
            "group": .text(origin.state.group.hexadecimal),
            "instance": .integer(Int(clamping: origin.state.instance.rawValue)),
            "state": .text(origin.state.digest.hexadecimal), "nonce": .text(origin.nonce.hexadecimal),
        ])
    }

    private static func json(_ member: Member) -> JSONValue {
        .object([
            "id": .integer(Int(member.id.rawValue)), "host": .text(member.host), "port": .integer(member.port),
            "publicKey": .text("\(member.key)"),
        ])
    }
}
