// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A directory that a command works in: one that the caller named, which stays, or a fresh one, which goes.
struct ScratchDirectory {
    let path: String
    private let isTemporary: Bool

    /// `named` need not exist. `kind` becomes part of a fresh directory's name.
    init(named: String?, kind: String, keeps: Bool) {
        let fresh =
            FileManager.default.temporaryDirectory.path + "/martlet-\(kind)-" + UUID().uuidString.prefix(8).lowercased()
        path = named ?? fresh
        isTemporary = named == nil && !keeps
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
