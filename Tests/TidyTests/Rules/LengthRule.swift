// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A file that nobody reads in one sitting is cut, or says here why not.
enum LengthRule {
    static let linesMax = 400
    /// By path; the reason for each.
    static let excused: [String: String] = [:]

    static func findings(in file: SourceFile) -> [Finding] {
        let count = file.text.utf8.count { $0 == UInt8(ascii: "\n") }
        guard file.isSwift, count > linesMax, excused[file.path] == nil else { return [] }
        return [Finding(file, 0, "\(count) lines; cut it, or give the reason in LengthRule")]
    }
}
