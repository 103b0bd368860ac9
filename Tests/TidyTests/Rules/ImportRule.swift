// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A target imports only what its line in the table names. (The manifest's own check does not see Foundation.)
enum ImportRule {
    private static let kinds: Set = ["actor", "class", "enum", "func", "let", "protocol", "struct", "typealias", "var"]

    static func findings(in file: SourceFile) -> [Finding] {
        guard let target = file.target, file.isSwift else {
            return imports(of: file.code).filter { $0.module == "XCTest" }.map {
                Finding(file, $0.line, "tests use Swift Testing, not XCTest")
            }
        }
        guard let allowed = AllowedImports.table[target] else {
            return [Finding(file, 0, "the target \(target) has no line in the table of allowed imports")]
        }
        return imports(of: file.code).filter { !allowed.contains($0.module) }.map {
            Finding(file, $0.line, "\(target) may not import \($0.module)")
        }
    }

    static func imports(of code: [Token]) -> [(module: String, line: Int)] {
        code.indices.compactMap { place in
            guard code[place].isWord("import"), place + 1 < code.count else { return nil }
            let next = kinds.contains(code[place + 1].text) ? place + 2 : place + 1
            return next < code.count ? (code[next].text, code[place].line) : nil
        }
    }
}
