// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import MartletTypes

/// What is one replica's own business: `replica.yaml` in its home.
struct ReplicaFile {
    static let format = "martlet-replica 1"
    static let names = ["format", "replica", "key", "genesis", "listen", "dial", "logLevel", "limits"]

    let home: String
    let replica: ReplicaID
    let keyPath: String
    let genesisPath: String
    /// Where to listen when that is not the address in the genesis.
    let listen: Address?
    /// Where this replica dials others that it does not reach at their address in the genesis.
    let dial: [(replica: ReplicaID, address: Address)]
    let logLevel: Logger.Level
    let limits: ReplicaLimits

    /// Reads the file of a home directory; paths in it begin there.
    init(home: String) throws(ConfigurationError) {
        try self.init(YAMLDocument(file: home + "/replica.yaml"), home: home)
    }

    init(_ document: YAMLDocument, home: String) throws(ConfigurationError) {
        let map = try document.root.map(of: Self.names)
        try GenesisFile.checkFormat(map, Self.format)
        self.home = home
        replica = ReplicaID(UInt16(try map.required("replica").integer(in: 0...Int(UInt16.max))))
        keyPath = Self.resolve(try map.required("key").text(), in: home)
        genesisPath = Self.resolve(try map.required("genesis").text(), in: home)
        listen = try map["listen"].map(Self.address)
        dial = try map["dial"].map(Self.dial) ?? []
        logLevel = try map["logLevel"].map(Self.level) ?? .info
        limits = try map["limits"].map(ReplicaLimits.init) ?? ReplicaLimits()
    }

    private static func resolve(_ path: String, in home: String) -> String {
        path.hasPrefix("/") ? path : home + "/" + path
    }

    private static func address(_ value: YAMLValue) throws(ConfigurationError) -> Address {
        let text = try value.text()
        do {
            return try Address(text)
        } catch {
            throw value.error(error.description)
        }
    }

    private static func dial(_ value: YAMLValue) throws(ConfigurationError) -> [(ReplicaID, Address)] {
        var addresses: [(ReplicaID, Address)] = []
        for item in try value.list() {
            let map = try item.map(of: ["replica", "address"])
            let replica = ReplicaID(UInt16(try map.required("replica").integer(in: 0...Int(UInt16.max))))
            guard !addresses.contains(where: { $0.0 == replica }) else {
                throw item.error("replica \(replica) is listed twice in 'dial'")
            }
            addresses.append((replica, try address(map.required("address"))))
        }
        return addresses
    }

    private static func level(_ value: YAMLValue) throws(ConfigurationError) -> Logger.Level {
        let text = try value.text()
        guard let level = Logger.Level(rawValue: text) else {
            let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw value.error("'logLevel' must be one of \(levels), not '\(text)'")
        }
        return level
    }

    /// A limit of a replica by its name, with a value that is not the default.
    typealias Limit = (name: String, value: Int)

    /// The file for a member whose home lies in the group's directory.
    static func text(for member: Member, of genesis: Genesis, limits: [Limit] = []) -> String {
        let limits =
            limits.isEmpty
            ? "# limits:\n#   clientConnectionsMax: 4096"
            : (["limits:"] + limits.map { "  \($0.name): \($0.value)" }).joined(separator: "\n")
        return """
            # Replica \(member.id) of a Martlet group. What is written here concerns this replica alone.
            format: \(format)
            replica: \(member.id)
            # The private key of \(member.key)
            key: replica.key
            genesis: ../../genesis.yaml
            # Where to listen when it is not \(Address(host: member.host, port: member.port)):
            # listen: 0.0.0.0:\(member.port)
            # Where to dial members that are not reached at their address in the genesis:
            # dial: [{replica: 1, address: "127.0.0.1:7001"}]
            # One of trace, debug, info, notice, warning, error, critical:
            # logLevel: info
            \(limits)

            """
    }
}
