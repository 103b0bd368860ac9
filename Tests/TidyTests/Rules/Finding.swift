// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A place where a rule is broken.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    /// From 1; 0 for the file as a whole.
    let line: Int
    let complaint: String

    init(_ file: SourceFile, _ line: Int, _ complaint: String) {
        path = file.path
        self.line = line
        self.complaint = complaint
    }

    var description: String { "\(path):\(line): \(complaint)" }
}
