// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging

/// The option `--log-level` of several commands.
enum LogLevelOption {
    static func check(_ level: String?) throws {
        guard let level, Logger.Level(rawValue: level) == nil else { return }
        throw ValidationError("--log-level is one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
    }
}
