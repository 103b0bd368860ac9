// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Finding one's way through brackets in a list of tokens.
enum Brackets {
    private static let opening: Set = ["(", "[", "{"]
    private static let closing: Set = [")", "]", "}"]

    /// The place behind the bracket that closes the one at `open`.
    static func end(after open: Int, in code: [Token]) -> Int {
        var depth = 0
        for place in open..<code.count where code[place].kind == .symbol {
            if opening.contains(code[place].text) { depth += 1 }
            if closing.contains(code[place].text) {
                depth -= 1
                if depth == 0 { return place + 1 }
            }
        }
        return code.count
    }

    /// Whether the bracket `[` at `open` holds a colon of its own: then it is a dictionary or a dictionary's type.
    static func holdsColon(at open: Int, in code: [Token]) -> Bool {
        let end = end(after: open, in: code)
        var place = open + 1
        var isConditional = false
        while place < end - 1 {
            let token = code[place]
            if token.kind == .symbol, opening.contains(token.text) {
                place = Self.end(after: place, in: code)
                continue
            }
            // `a ? b : c`, unlike the type `A?`, which a bracket, a comma or a colon follows.
            if token.isSymbol("?"), code[place + 1].kind == .word { isConditional = true }
            if token.isSymbol(":"), !isConditional { return true }
            place += 1
        }
        return false
    }
}
