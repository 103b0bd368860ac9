// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where the hostile program lies: beside this one.
enum AttackerProgram {
    static let name = "martlet-attack"

    /// Throws with the way to build it when it is not there.
    static func path(beside executable: String? = nil) throws -> String {
        let own = executable ?? Bundle.main.executablePath ?? CommandLine.arguments[0]
        let path = URL(filePath: own).resolvingSymlinksInPath().deletingLastPathComponent().appending(path: name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw CommandFailure(
                "\(path) is missing: the hostile peers are a program of their own. './martlet attack' builds it, "
                    + "as does: swift build -c release --product \(name)")
        }
        return path
    }
}
