// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A piece of Swift source text.
struct Token: Equatable {
    enum Kind { case word, symbol, comment, string }

    let kind: Kind
    let text: String
    /// From 1.
    let line: Int

    func isWord(_ text: String) -> Bool { kind == .word && self.text == text }
    func isSymbol(_ text: String) -> Bool { kind == .symbol && self.text == text }
}
