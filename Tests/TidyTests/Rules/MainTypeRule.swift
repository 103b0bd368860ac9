// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A file has one main type and its name. `Type+Topic.swift` extends that type; `Votes.swift` and `Checkpoint.swift` hold
/// several small types whose names end or begin alike.
enum MainTypeRule {
    /// Files, and folders of files, named after a topic because their types are equals; by path, with the reason.
    static let excused: [String: String] = [
        "Sources/MartletTypes/Identifiers.swift": "the small distinct numbers",
        "Sources/MartletTypes/Messages/LeaderChange.swift": "the messages of one subprotocol",
        "Sources/MartletTypes/Messages/Transfer.swift": "the messages of one subprotocol",
        "Sources/MartletWire/Coding": "named after the files of the messages that are coded",
        "Sources/MartletWire/Handshake.swift": "the messages of the handshake, and the roles they name",
    ]
    private static let declarators: Set = [
        "actor", "class", "enum", "extension", "macro", "protocol", "struct", "typealias",
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.target != nil, file.isSwift, !isExcused(file.path) else { return [] }
        let name = String(file.path.split(separator: "/").last?.dropLast(".swift".count) ?? "")
        guard name != "main" else { return [] }
        let type = name.split(separator: "+").first.map(String.init) ?? name
        let declared = declaredNames(in: file.code)
        let isFound = declared.contains {
            $0.hasPrefix(type) || $0.hasSuffix(type) || $0.hasSuffix(singular(type))
        }
        // A file of imports alone has no type to be named after.
        return isFound || declared.isEmpty ? [] : [Finding(file, 0, "declares or extends no type \(type)")]
    }

    private static func isExcused(_ path: String) -> Bool {
        excused[path] != nil || excused.keys.contains { path.hasPrefix($0 + "/") }
    }

    private static func singular(_ name: String) -> String { name.hasSuffix("s") ? String(name.dropLast()) : name }

    static func declaredNames(in code: [Token]) -> [String] {
        code.indices.dropLast().compactMap { place in
            guard declarators.contains(code[place].text), code[place + 1].kind == .word else { return nil }
            var last = place + 1
            // The last part of `extension Outer.Inner`.
            while last + 2 < code.count, code[last + 1].isSymbol("."), code[last + 2].kind == .word { last += 2 }
            return code[last].text
        }
    }
}
