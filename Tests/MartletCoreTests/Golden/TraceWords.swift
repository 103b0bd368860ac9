// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Why a trace cannot be read; the file and the line are added by whoever reads it.
struct TraceError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The words of one line, read from left to right. Brackets are words of their own.
struct TraceWords {
    private var words: ArraySlice<String>

    init(_ line: String) {
        var spaced = ""
        for character in line {
            if "[]:,".contains(character) { spaced += " \(character) " } else { spaced.append(character) }
        }
        words = spaced.split(separator: " ").map(String.init)[...]
    }

    var isAtEnd: Bool { words.isEmpty }
    var peek: String? { words.first }

    mutating func next(_ meaning: String) throws -> String {
        guard let word = words.popFirst() else { throw TraceError("\(meaning) is missing") }
        return word
    }

    /// Takes the word if it comes next.
    mutating func take(_ word: String) -> Bool {
        guard words.first == word else { return false }
        words.removeFirst()
        return true
    }

    mutating func expect(_ word: String) throws {
        let found = try next("'\(word)'")
        guard found == word else { throw TraceError("expected '\(word)', not '\(found)'") }
    }

    func end() throws {
        if let word = words.first { throw TraceError("'\(word)' is too much") }
    }

    /// `[a b c]`
    mutating func list() throws -> [String] {
        try expect("[")
        var items: [String] = []
        while !take("]") { items.append(try next("']'")) }
        return items
    }

    /// The number behind a letter, as in `r2` and `i7`, or behind none.
    mutating func number(after prefix: String = "", _ meaning: String) throws -> UInt64 {
        try Self.number(in: try next(meaning), after: prefix, meaning)
    }

    static func number(in word: String, after prefix: String, _ meaning: String) throws -> UInt64 {
        guard word.hasPrefix(prefix), let number = UInt64(word.dropFirst(prefix.count)) else {
            throw TraceError("'\(word)' is no \(meaning): expected '\(prefix)' and a number")
        }
        return number
    }

    /// A number of milliseconds (`200ms`) or seconds (`3s`), the sign aside.
    static func milliseconds(in word: String) throws -> UInt64 {
        let isShort = word.hasSuffix("ms")
        guard isShort || word.hasSuffix("s"), let number = UInt64(word.dropLast(isShort ? 2 : 1)) else {
            throw TraceError("'\(word)' is no length of time: expected one like 200ms or 3s")
        }
        return isShort ? number : number * 1_000
    }
}
