// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where a replica's log and snapshots lie, found from its home or from the log's own directory.
struct LogPlace {
    let log: String
    /// Nil when nobody can tell where they would be.
    let snapshots: String?

    init(_ path: String) throws {
        switch Self.kind(of: path) {
        case .directory: break
        case .file: throw CommandFailure("\(path) is a file, not a directory: \(Self.wanted)")
        case .nothing: throw CommandFailure("\(path) does not exist, or may not be looked at: \(Self.wanted)")
        }
        let home = path.hasSuffix("/") ? String(path.dropLast()) : path
        if Self.kind(of: home + "/log") == .directory {
            (log, snapshots) = (home + "/log", home + "/snapshots")
            return
        }
        let place = URL(filePath: path).standardizedFileURL
        let beside = place.deletingLastPathComponent().path + "/snapshots"
        log = path
        snapshots = place.lastPathComponent == "log" && Self.kind(of: beside) == .directory ? beside : nil
    }

    static let wanted =
        "give the home of a replica of a durable group (as DIR/replicas/0) or the directory log in it"

    // MARK: - Files

    enum Kind { case directory, file, nothing }

    static func kind(of path: String) -> Kind {
        var isDirectory: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return .nothing }
        return isDirectory.boolValue ? .directory : .file
    }
}
