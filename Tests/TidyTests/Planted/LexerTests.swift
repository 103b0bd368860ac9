// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite struct LexerTests {
    private func code(_ text: String) -> [String] { Planted.swift(text).code.map(\.text) }

    @Test func commentsAndStringsAreNoCode() {
        #expect(code("a // Double\nb /* Double /* Date() */ */ c \"Double\" d") == ["a", "b", "c", "d"])
    }

    @Test func codeInsideOfStringsIsCode() {
        #expect(code(#"let text = "now \(Date(")")), \(x)""#) == ["let", "text", "=", "Date", "(", ")", "x"])
    }

    @Test func rawAndLongStringsEndWhereTheyEnd() {
        #expect(code(##"a #"quote " \(b) \#(c)"# d"##) == ["a", "c", "d"])
        #expect(code("a \"\"\"\n say \"b\" \\\"\"\" c\n \"\"\" d") == ["a", "d"])
    }

    @Test func linesAreCounted() {
        let file = Planted.swift("a\n/* b\n\n*/ c\n\"\"\"\n\n\"\"\" d")
        #expect(file.code.map(\.line) == [1, 4, 7])
    }

    @Test(arguments: ["\"", "\"\\", "\"\\(", "/*", "#\"", "\"\"\"", "(", "\"\\(\""])
    func unfinishedTextEndsTheReading(text: String) {
        #expect(Planted.swift(text).code.count <= 1)
    }
}
