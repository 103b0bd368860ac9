// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A text file of the package.
struct SourceFile {
    /// Below the package's folder, with `/`.
    let path: String
    let text: String
    /// Empty for other languages than Swift.
    let tokens: [Token]
    /// The tokens without comments and strings.
    let code: [Token]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        tokens = path.hasSuffix(".swift") ? SwiftLexer.tokens(of: text) : []
        code = tokens.filter { $0.kind == .word || $0.kind == .symbol }
    }

    var isSwift: Bool { path.hasSuffix(".swift") }

    /// The target's folder when the file is one of a target's sources.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    /// With numbers from 1.
    var lines: [(number: Int, text: Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0 + 1, $1) }
    }
}
