// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Nothing that decides walks over a Set or a Dictionary: their order differs in every process. Looking up is fine, and
/// so is a walk whose outcome depends on no order: a comment beside it says `any order: ` and why.
enum IterationRule {
    static let mark = "any order: "

    /// Methods whose outcome shows the order.
    private static let ordered: Set = [
        "compactMap", "dropFirst", "dropLast", "enumerated", "first", "flatMap", "forEach", "joined", "lazy",
        "makeIterator", "map", "popFirst", "prefix", "reduce", "removeFirst", "suffix",
    ]
    private static let views: Set = ["keys", "values"]

    static func findings(in files: [SourceFile]) -> [Finding] {
        let names = UnorderedNames(in: files)
        return files.filter { file in
            file.target.map { DeterminismRule.targets.contains($0) || $0 == DeterminismRule.simulator } ?? false
        }
        .flatMap { findings(in: $0, names) }
    }

    private static func findings(in file: SourceFile, _ names: UnorderedNames) -> [Finding] {
        let excused = Set(
            file.tokens.filter { $0.kind == .comment && $0.text.contains(mark) }.flatMap { [$0.line, $0.line + 1] })
        return file.code.indices.compactMap { place in
            let token = file.code[place]
            guard token.kind == .word, !excused.contains(token.line), isWalked(place, in: file.code),
                names.isUnordered(at: place, in: file)
            else { return nil }
            return Finding(file, token.line, "a walk over \(token.text), a Set or Dictionary, whose order is random")
        }
    }

    private static func isWalked(_ name: Int, in code: [Token]) -> Bool {
        var next = name + 1
        while next < code.count, code[next].isSymbol("?") || code[next].isSymbol("!") { next += 1 }
        if next + 1 < code.count, code[next].isSymbol("."), views.contains(code[next + 1].text) { next += 2 }
        if next + 1 < code.count, code[next].isSymbol(".") {
            return ordered.contains(code[next + 1].text) && !isSortedLater(next + 2, in: code)
        }
        guard next < code.count else { return false }
        let start = expressionStart(of: name, in: code)
        guard start >= 2 else { return false }
        if code[start - 1].isWord("in") { return code[next].isSymbol("{") || code[next].isWord("where") }
        return code[start - 1].isSymbol("(") && code[start - 2].isWord("Array") && code[next].isSymbol(")")
            && !isSortedLater(next + 1, in: code)
    }

    /// Whether the chain of calls goes on to `.sorted`.
    private static func isSortedLater(_ start: Int, in code: [Token]) -> Bool {
        var place = start
        while place < code.count {
            if code[place].isSymbol("(") || code[place].isSymbol("{") {
                place = Brackets.end(after: place, in: code)
            } else if code[place].isSymbol("."), place + 1 < code.count {
                if code[place + 1].isWord("sorted") { return true }
                place += 2
            } else {
                return false
            }
        }
        return false
    }

    /// Where the path `a.b.name` begins.
    private static func expressionStart(of name: Int, in code: [Token]) -> Int {
        var start = name
        while start >= 2, code[start - 1].isSymbol("."), code[start - 2].kind == .word { start -= 2 }
        return start
    }
}
