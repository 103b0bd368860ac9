// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

extension GenesisFile {
    /// The file for this genesis; reading it gives the same genesis again.
    static func text(of genesis: Genesis) -> String {
        let blocks = [
            head(of: genesis), members(of: genesis), administration(of: genesis), access(of: genesis),
            settings(of: genesis), origin(of: genesis),
        ].filter { !$0.isEmpty }
        return blocks.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
    }

    private static func head(of genesis: Genesis) -> [String] {
        let rule = genesis.faultModel == .byzantine ? "3f+1" : "2f+1"
        let kind =
            genesis.faultModel == .byzantine ? "a faulty member may do anything" : "a faulty member stops, no more"
        return [
            "# What a Martlet group is founded on. Everyone who trusts this file trusts the group. Do not change it: the",
            "# group's id is the digest of what it says.",
            "format: \(format)",
            "group: \(Hashing.group(of: genesis).hexadecimal)",
            "name: \(quoted(genesis.name))",
            "faultModel: \(genesis.faultModel)  # \(kind)",
            "f: \(genesis.f)  # so many members may be faulty; members >= \(rule)",
        ]
    }

    private static func members(of genesis: Genesis) -> [String] {
        // Without members to spare all weigh the same.
        let rule = QuorumRule(faultModel: genesis.faultModel, n: genesis.members.count, f: genesis.f)
        let tells = rule.delta > 0 && genesis.f > 0
        return ["members:"]
            + genesis.members.flatMap { member in
                [
                    "  - id: \(member.id)",
                    "    key: \"\(member.key)\"",
                    "    address: \"\(Address(host: member.host, port: member.port))\"",
                ] + (tells || !isDefault(genesis) ? ["    heavy: \(member.isHeavy)"] : [])
            }
    }

    /// Whether the first members are the heavy ones, as is assumed when the file does not say.
    private static func isDefault(_ genesis: Genesis) -> Bool {
        let rule = QuorumRule(faultModel: genesis.faultModel, n: genesis.members.count, f: genesis.f)
        return genesis.members.enumerated().allSatisfy { $1.isHeavy == ($0 < rule.heavyCount) }
    }

    private static func administration(of genesis: Genesis) -> [String] {
        guard !genesis.administrators.isEmpty else {
            return ["# No one may change the members.", "administrators: []"]
        }
        return ["# Who may change the members, and how many of them must sign.", "administrators:"]
            + genesis.administrators.map { "  - \"\($0)\"" }
            + ["administratorsNeeded: \(genesis.administratorsNeeded)"]
    }

    private static func access(of genesis: Genesis) -> [String] {
        switch genesis.clientAccess {
        case .open: ["# Who may be a client: open (anyone with a key), or a list of keys.", "clientAccess: open"]
        case .allowList(let keys) where keys.isEmpty: ["# Nobody may be a client.", "clientAccess: []"]
        case .allowList(let keys): ["# Who may be a client.", "clientAccess:"] + keys.map { "  - \"\($0)\"" }
        }
    }

    private static func settings(of genesis: Genesis) -> [String] {
        ["# Equal at all members; sizes and counts are upper bounds.", "settings:"]
            + GroupSettingsTable.lines(for: genesis.settings).map { "  " + $0 }
    }

    private static func origin(of genesis: Genesis) -> [String] {
        guard let origin = genesis.origin else { return [] }
        return [
            "# The state of another group that this one begins with: each replica needs the backup that holds it, as the file",
            "# origin in its home. The nonce was drawn at the founding, so that no two foundings are the same group.",
            "origin:",
            "  group: \"\(origin.state.group.hexadecimal)\"",
            "  instance: \(origin.state.instance)",
            "  state: \"\(origin.state.digest.hexadecimal)\"",
            "  nonce: \"\(origin.nonce.hexadecimal)\"",
        ]
    }

    /// A name in quotes, with everything escaped that would end or alter it.
    private static func quoted(_ text: String) -> String { JSONValue.text(text).description }
}
