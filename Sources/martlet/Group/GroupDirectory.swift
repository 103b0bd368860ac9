// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes

/// Where things lie in a group's directory:
///
///     genesis.yaml             what the group is founded on
///     client.key               a client that is also an administrator
///     replicas/K/replica.yaml  the home of replica K, with replica.key and what it remembers
struct GroupDirectory {
    let path: String

    init(_ path: String) { self.path = path }

    var genesisPath: String { join("genesis.yaml") }
    var clientKeyPath: String { join("client.key") }
    var replicasPath: String { join("replicas") }
    func home(of replica: ReplicaID) -> String { join("replicas/\(replica)") }

    private func join(_ name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

    /// What the group is founded on; says how to make a group when there is none.
    func genesis() throws -> Genesis {
        guard FileManager.default.fileExists(atPath: genesisPath) else {
            throw CommandFailure(
                "there is no group in \(path): \(genesisPath) does not exist. Make one with: "
                    + "martlet init \(path) --replicas 4")
        }
        return try GenesisFile.read(genesisPath)
    }

    /// The key that commands act with, unless another one is named.
    func clientKey(at file: String? = nil) throws -> SigningKey { try KeyFile.read(at: file ?? clientKeyPath) }

    /// The members that have their home here.
    func replicasHere(of genesis: Genesis) -> [ReplicaID] {
        genesis.members.map(\.id).filter { Self.isHome(home(of: $0)) }
    }

    static func isHome(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path + "/replica.yaml") }
    static func isGroup(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path + "/genesis.yaml") }

    /// Makes sure that founding a group here overwrites nothing.
    func requireVacant() throws {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
        guard isFolder.boolValue else { throw CommandFailure("\(path) is a file: name a directory to be made") }
        let content = try FileManager.default.contentsOfDirectory(atPath: path)
        guard content.isEmpty else {
            // The genesis is written last.
            if content.allSatisfy({ ["replicas", "client.key"].contains($0) }) {
                throw CommandFailure(
                    "\(path) holds what a founding that was broken off has left: remove it, or name another directory")
            }
            let found = content.contains("genesis.yaml") ? "a group" : "'\(content.sorted()[0])'"
            throw CommandFailure("\(path) holds \(found) already, and nothing is overwritten: name another directory")
        }
    }
}
