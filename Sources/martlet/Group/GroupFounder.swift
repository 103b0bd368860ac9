// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes

/// Writes the files of a new group into its directory.
struct GroupFounder {
    let directory: GroupDirectory
    let genesis: Genesis
    /// Of each replica, where they are not the default ones.
    var limits: [ReplicaFile.Limit] = []

    /// Writes everything; the keys only of replicas that this machine runs itself. `addToHome` puts what else belongs there into a
    /// replica's home. Overwrites nothing; when it fails nothing is left.
    func write(
        replicaKeys: [SigningKey], clientKey: SigningKey?, addToHome: (String) throws -> Void = { _ in }
    ) throws {
        try directory.requireVacant()
        let wasThere = FileManager.default.fileExists(atPath: directory.path)
        do {
            try fill(replicaKeys, clientKey, addToHome)
        } catch {
            clear(leavingDirectory: wasThere)
            throw error
        }
    }

    private func fill(
        _ replicaKeys: [SigningKey], _ clientKey: SigningKey?, _ addToHome: (String) throws -> Void
    ) throws {
        try makeFolder(directory.path)
        for member in genesis.members {
            try makeHome(for: member, key: replicaKeys.first { $0.publicKey == member.key })
            try addToHome(directory.home(of: member.id))
        }
        if let clientKey { try KeyFile.create(at: directory.clientKeyPath, with: clientKey) }
        // Last, since a directory with this file in it is taken for a group.
        try write(GenesisFile.text(of: genesis), to: directory.genesisPath)
    }

    /// Of a member, or of one that the administrators are to add. Without a key its owner puts it there.
    func makeHome(for member: Member, key: SigningKey?) throws {
        let home = directory.home(of: member.id)
        try makeFolder(home)
        try write(ReplicaFile.text(for: member, of: genesis, limits: limits), to: home + "/replica.yaml")
        if let key { try KeyFile.create(at: home + "/replica.key", with: key) }
    }

    /// It was vacant: all that is in it was written just now.
    private func clear(leavingDirectory isLeft: Bool) {
        let files = FileManager.default
        do {
            guard isLeft else { return try files.removeItem(atPath: directory.path) }
            for name in try files.contentsOfDirectory(atPath: directory.path) {
                try files.removeItem(atPath: directory.path + "/" + name)
            }
        } catch {
            Console.note("\(directory.path) holds what is not needed and cannot be removed: \(FileFailure(error))")
        }
    }

    private func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure("the directory \(path) cannot be made: \(FileFailure(error))")
        }
    }

    private func write(_ text: String, to file: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: file), options: .withoutOverwriting)
        } catch {
            throw CommandFailure("the file \(file) cannot be written: \(FileFailure(error))")
        }
    }
}
