// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Cuts Swift source text into tokens, so that the rules tell code from comments and strings. It knows what this
/// package's style uses; regular expression literals are not among it.
struct SwiftLexer {
    private let bytes: [UInt8]
    private var place = 0
    private var line = 1
    private var tokens: [Token] = []

    private init(_ text: String) { bytes = Array(text.utf8) }

    static func tokens(of text: String) -> [Token] {
        var lexer = SwiftLexer(text)
        lexer.readCode(untilClosingParenthesis: false)
        return lexer.tokens
    }

    private mutating func readCode(untilClosingParenthesis: Bool) {
        var depth = 0
        while place < bytes.count {
            let byte = bytes[place]
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                advance()
            } else if starts(with: "//") {
                readLineComment()
            } else if starts(with: "/*") {
                readBlockComment()
            } else if let hashes = hashesBeforeQuote() {
                readString(hashes: hashes)
            } else if Self.isWordByte(byte) {
                readWord()
            } else {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    if untilClosingParenthesis && depth == 0 { return }
                    depth -= 1
                }
                add(.symbol, from: place, to: place + 1)
                advance()
            }
        }
    }

    private mutating func readWord() {
        let start = place
        while place < bytes.count, Self.isWordByte(bytes[place]) { place += 1 }
        add(.word, from: start, to: place)
    }

    private mutating func readLineComment() {
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
        add(.comment, from: start, to: place)
    }

    private mutating func readBlockComment() {
        let (start, startLine) = (place, line)
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                place += 2
            } else if starts(with: "*/") {
                depth -= 1
                place += 2
            } else {
                advance()
            }
        } while depth > 0 && place < bytes.count
        tokens.append(Token(kind: .comment, text: text(from: start, to: place), line: startLine))
    }

    /// The code inside of `\(…)` becomes tokens of its own, before the string that holds it.
    private mutating func readString(hashes: Int) {
        let (start, startLine) = (place, line)
        place += hashes
        let isLong = starts(with: "\"\"\"")
        let end = (isLong ? "\"\"\"" : "\"") + String(repeating: "#", count: hashes)
        let escape = "\\" + String(repeating: "#", count: hashes)
        place += isLong ? 3 : 1
        while place < bytes.count, !starts(with: end) {
            if starts(with: escape) {
                place += escape.utf8.count
                if starts(with: "(") {
                    place += 1
                    readCode(untilClosingParenthesis: true)
                }
            }
            if place < bytes.count { advance() }
        }
        place = min(place + end.utf8.count, bytes.count)
        tokens.append(Token(kind: .string, text: text(from: start, to: place), line: startLine))
    }

    // MARK: Bytes

    private mutating func advance() {
        if bytes[place] == UInt8(ascii: "\n") { line += 1 }
        place += 1
    }

    private func starts(with text: String) -> Bool { bytes[place...].starts(with: text.utf8) }

    /// How many `#` stand before a quote that begins here; nil where no string begins.
    private func hashesBeforeQuote() -> Int? {
        let hashes = bytes[place...].prefix { $0 == UInt8(ascii: "#") }.count
        let quote = place + hashes
        return quote < bytes.count && bytes[quote] == UInt8(ascii: "\"") ? hashes : nil
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...: true
        default: false
        }
    }

    private mutating func add(_ kind: Token.Kind, from start: Int, to end: Int) {
        tokens.append(Token(kind: kind, text: text(from: start, to: end), line: line))
    }

    private func text(from start: Int, to end: Int) -> String { String(decoding: bytes[start..<end], as: UTF8.self) }
}
