// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes

/// Writes the files of a new group into its directory.
struct GroupFounder {
    let directory: GroupDirectory
    let genesis: Genesis

    /// Writes everything; the keys only of replicas that this machine runs itself. Overwrites nothing.
    func write(replicaKeys: [SigningKey], clientKey: SigningKey?) throws {
        try directory.requireVacant()
        try makeFolder(directory.path)
        for member in genesis.members {
            let home = directory.home(of: member.id)
            try makeFolder(home)
            try write(ReplicaFile.text(for: member, of: genesis), to: home + "/replica.yaml")
            if let key = replicaKeys.first(where: { $0.publicKey == member.key }) {
                try KeyFile.create(at: home + "/replica.key", with: key)
            }
        }
        if let clientKey { try KeyFile.create(at: directory.clientKeyPath, with: clientKey) }
        // Last, since a directory with this file in it is taken for a group.
        try write(GenesisFile.text(of: genesis), to: directory.genesisPath)
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
