// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Only the crypto layer, and the simulator in its place, say that a message is verified. Tests may, too.
enum VerifiedRule {
    private static let makers: Set = ["MartletCrypto", "MartletSimulation"]
    private static let types: Set = ["Verified", "VerifiedMessage"]

    static func findings(in file: SourceFile) -> [Finding] {
        guard let target = file.target, !makers.contains(target) else { return [] }
        return file.code.indices.compactMap { place in
            guard types.contains(file.code[place].text), isMade(at: place, in: file.code) else { return nil }
            return Finding(file, file.code[place].line, "\(target) may not make a \(file.code[place].text) message")
        }
    }

    private static func isMade(at place: Int, in code: [Token]) -> Bool {
        var next = place + 1
        if next < code.count, code[next].isSymbol("<") {
            while next < code.count, !code[next].isSymbol(">") { next += 1 }
            while next < code.count, code[next].isSymbol(">") { next += 1 }
        }
        guard next < code.count else { return false }
        if code[next].isSymbol("(") { return true }
        return next + 1 < code.count && code[next].isSymbol(".") && code[next + 1].isWord("init")
    }
}
