// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Which names stand for a Set or a Dictionary, as well as text can tell.
struct UnorderedNames {
    struct Declaration {
        let name: String
        let place: Int
        let isUnordered: Bool
    }

    private let byFile: [String: [Declaration]]
    /// By target, and for the whole package: names that are unordered wherever they are declared.
    private let byTarget: [String: Set<String>]
    private let everywhere: Set<String>

    init(in files: [SourceFile]) {
        let declared = files.map { ($0, Self.declarations(in: $0.code)) }
        byFile = Dictionary(uniqueKeysWithValues: declared.map { ($0.path, $1) })
        byTarget = Dictionary(grouping: declared, by: { $0.0.target ?? "" }).mapValues {
            Self.alwaysUnordered($0.flatMap(\.1))
        }
        everywhere = Self.alwaysUnordered(declared.flatMap(\.1))
    }

    private static func alwaysUnordered(_ declarations: [Declaration]) -> Set<String> {
        Set(declarations.filter(\.isUnordered).map(\.name))
            .subtracting(declarations.filter { !$0.isUnordered }.map(\.name))
    }

    /// The nearest declaration above decides, then any other of the file, then those of the target. A property of
    /// something else (`image.sessions`) may belong to any type of the package.
    func isUnordered(at place: Int, in file: SourceFile) -> Bool {
        let name = file.code[place].text
        if place >= 2, file.code[place - 1].isSymbol("."), !file.code[place - 2].isWord("self") {
            return everywhere.contains(name)
        }
        let named = byFile[file.path, default: []].filter { $0.name == name }
        if let nearest = named.last(where: { $0.place < place }) ?? named.first { return nearest.isUnordered }
        return byTarget[file.target ?? "", default: []].contains(name)
    }

    static func declarations(in code: [Token]) -> [Declaration] {
        code.indices.compactMap { place in
            guard code[place].kind == .word, place + 2 < code.count else { return nil }
            let isVariable = place > 0 && (code[place - 1].isWord("let") || code[place - 1].isWord("var"))
            let isTyped = code[place + 1].isSymbol(":")
            let isInitialised = isVariable && code[place + 1].isSymbol("=")
            let isUnordered = (isTyped || isInitialised) && isUnorderedType(at: place + 2, in: code)
            guard isVariable || isUnordered || (isTyped && code[place + 2].isSymbol("[")) else { return nil }
            return Declaration(name: code[place].text, place: place, isUnordered: isUnordered)
        }
    }

    private static func isUnorderedType(at place: Int, in code: [Token]) -> Bool {
        guard place + 1 < code.count else { return false }
        if code[place].isWord("Set") || code[place].isWord("Dictionary") {
            return !code[place + 1].isSymbol(".")
        }
        return code[place].isSymbol("[") && Brackets.holdsColon(at: place, in: code)
    }
}
