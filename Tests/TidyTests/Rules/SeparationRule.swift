// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The hostile peers of `martlet attack` are a program of their own: no target but tests depends on it, so that nothing
/// that runs replicas or clients holds a line of it.
enum SeparationRule {
    static let hostile = "martlet-attack"

    static func findings(in tree: SourceTree) -> [Finding] {
        let module = hostile.split(separator: "-").joined(separator: "_")
        let imports = tree.files.filter { $0.target != nil }.flatMap { file in
            ImportRule.imports(of: file.code).filter { $0.module == module }.map {
                Finding(file, $0.line, "hostile code is imported")
            }
        }
        return imports + tree.files.filter { $0.path == "Package.swift" }.flatMap(dependencies)
    }

    private static func dependencies(in manifest: SourceFile) -> [Finding] {
        let tokens = manifest.tokens
        return tokens.indices.filter { tokens[$0].text == "\"\(hostile)\"" }.compactMap { place in
            let isName = place > 1 && tokens[place - 1].isSymbol(":") && tokens[place - 2].isWord("name")
            let call = enclosingCall(of: place, in: tokens)
            guard !isName, call != "tests", call != "executable" else { return nil }
            return Finding(manifest, tokens[place].line, "a target depends on hostile code")
        }
    }

    /// The name of the function in whose arguments a token stands.
    private static func enclosingCall(of place: Int, in tokens: [Token]) -> String? {
        var depth = 0
        for before in stride(from: place - 1, to: 0, by: -1) {
            if tokens[before].isSymbol(")") { depth += 1 }
            guard tokens[before].isSymbol("(") else { continue }
            if depth == 0 { return tokens[before - 1].text }
            depth -= 1
        }
        return nil
    }
}
