// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// No variable lives outside of a type or function.
enum GlobalStateRule {
    static func findings(in file: SourceFile) -> [Finding] {
        guard file.target != nil else { return [] }
        var depth = 0
        return file.code.compactMap { token in
            if token.isSymbol("{") { depth += 1 }
            if token.isSymbol("}") { depth -= 1 }
            return token.isWord("var") && depth == 0 ? Finding(file, token.line, "a global variable") : nil
        }
    }
}
