// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What is wrong in a configuration file, and where.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    let file: String
    /// From 1; 0 for the file as a whole.
    let line: Int
    let complaint: String

    var description: String { line > 0 ? "\(file):\(line): \(complaint)" : "\(file): \(complaint)" }
}
