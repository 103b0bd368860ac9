// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// No error is passed over, and nothing unfinished lands.
enum ErrorHandlingRule {
    static func findings(in file: SourceFile) -> [Finding] {
        file.tokens.indices.compactMap { place in
            let token = file.tokens[place]
            guard token.kind == .word, place + 1 < file.tokens.count else { return nil }
            let next = file.tokens[place + 1]
            if token.text == "try", next.isSymbol("!") || next.isSymbol("?") {
                return Finding(file, token.line, "try\(next.text) passes an error over")
            }
            if token.text == "fatalError", place + 2 < file.tokens.count,
                file.tokens[place + 2].text.lowercased().hasPrefix("\"not implemented")
            {
                return Finding(file, token.line, "what is not implemented does not land")
            }
            return nil
        }
    }
}
