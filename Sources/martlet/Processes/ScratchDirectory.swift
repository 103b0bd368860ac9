// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A directory that a command works in: one that the caller named, which stays, or a fresh one, which goes.
struct ScratchDirectory {
    let path: String
    private let isTemporary: Bool

    /// `named` need not exist. `kind` becomes part of a fresh directory's name.
    init(named: String?, kind: String, keeps: Bool) {
        path = named ?? Self.fresh(in: FileManager.default.temporaryDirectory.path, kind)
        isTemporary = named == nil && !keeps
    }

    /// A fresh one that goes, in a directory that the caller named, or where temporary ones are.
    init(within parent: String?, kind: String) {
        path = Self.fresh(in: parent ?? FileManager.default.temporaryDirectory.path, kind)
        isTemporary = true
    }

    private static func fresh(in parent: String, _ kind: String) -> String {
        "\(parent)/martlet-\(kind)-\(UUID().uuidString.prefix(8).lowercased())"
    }

    func removeIfTemporary() {
        guard isTemporary, FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Console.note("\(path) could not be removed: \(FileFailure(error))")
        }
    }
}
