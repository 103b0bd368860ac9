// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite struct FormTests {
    @Test func aMissingOrAlteredHeaderIsFound() {
        let header =
            "// Martlet, adaptive Byzantine fault-tolerant replication.\n// SPDX-License-Identifier: Apache-2.0\n"
        #expect(HeaderRule.findings(in: Planted.swift(header + "\nimport A")).isEmpty)
        #expect(HeaderRule.findings(in: Planted.swift(header + "import A")).map(\.line) == [3])
        #expect(HeaderRule.findings(in: Planted.swift("import A")).map(\.line) == [1])
        #expect(HeaderRule.findings(in: Planted.swift("")).count == 1)
    }

    @Test(arguments: ["let x = try! f()", "let x = try? f()", "fatalError(\"not implemented yet\")"])
    func errorsPassedOverAreFound(text: String) {
        #expect(ErrorHandlingRule.findings(in: Planted.swift(text)).count == 1)
        #expect(ErrorHandlingRule.findings(in: Planted.swift("// \(text)")).isEmpty)
    }

    @Test func globalVariablesAreFound() {
        #expect(GlobalStateRule.findings(in: Planted.swift("struct A { var a = 1 }\nvar count = 0")).map(\.line) == [2])
    }

    @Test(arguments: [
        "// TO" + "DO: later", "// FIX" + "ME", "see /ho" + "me/me/x", "\"/tm" + "p/x\"", "(/wo" + "rk/x)",
        "made with Clau" + "de", "the language" + " model says",
    ])
    func wordsThatDoNotBelongAreFound(text: String) {
        #expect(WordingRule.findings(in: Planted.document("fine\n\(text)\n")).map(\.line) == [2])
    }

    @Test(arguments: ["DIR/ho" + "me/x", "https://example.org/wo" + "rk/x", "a mastodon", "$DIR/tm" + "p/x"])
    func otherWordsAreNot(text: String) {
        #expect(WordingRule.findings(in: Planted.document(text)).isEmpty)
    }

    @Test func longFilesAreFound() {
        let line = "let a = 1\n"
        #expect(LengthRule.findings(in: Planted.swift(String(repeating: line, count: 400))).isEmpty)
        #expect(LengthRule.findings(in: Planted.swift(String(repeating: line, count: 401))).count == 1)
    }

    @Test func aFileWithoutItsTypeIsFound() {
        #expect(MainTypeRule.findings(in: Planted.swift("struct Other {}")).count == 1)
        #expect(MainTypeRule.findings(in: Planted.swift("package enum Planted {}")).isEmpty)
        let votes = SourceFile(path: "Sources/MartletTypes/Votes.swift", text: "struct WriteVote {}")
        #expect(MainTypeRule.findings(in: votes).isEmpty)
        let topic = SourceFile(path: "Sources/MartletTypes/View+Text.swift", text: "extension View {}")
        #expect(MainTypeRule.findings(in: topic).isEmpty)
    }

    @Test func patchesThatNoLongerFitAreFound() {
        func findings(_ hunk: String) -> [Int] {
            let patch = "Why.\n\n--- a/A.txt\n+++ b/A.txt\n\(hunk)"
            return PatchRule.findings(
                in: SourceTree(files: [
                    SourceFile(path: "A.txt", text: "one\ntwo\nthree\ntwo\n"), SourceFile(path: "a.patch", text: patch),
                ])
            ).map(\.line)
        }
        #expect(findings("@@ -1,2 +1,2 @@\n one\n-two\n+2\n").isEmpty)
        #expect(findings("@@ -1,2 +1,2 @@\n one\n-2\n+two\n") == [10])
        #expect(findings("@@ -2 +2 @@\n-two\n+2\n") == [9])
        #expect(findings("") == [0])
    }

    @Test func brokenLinksAreFound() {
        let target = Planted.document("# The Words, one each\n", at: "docs/WORDS.md")
        let text = """
            [a](WORDS.md) [b](WORDS.md#the-words-one-each) [c](../README.md) [d](https://example.org/x.md)
            [e](GONE.md)
            [f](WORDS.md#gone)
            ```
            [g](GONE.md)
            ```
            """
        let readme = Planted.document("", at: "README.md")
        let tree = SourceTree(files: [target, readme, Planted.document(text)], folders: ["docs"])
        #expect(LinkRule.findings(in: tree).map(\.line) == [2, 3])
    }

    @Test func documentsNamedInSourceTextExist() {
        let file = Planted.swift("/// See docs/WORDS.md.\n/// And docs/GONE.md (yes).")
        let tree = SourceTree(files: [file, Planted.document("", at: "docs/WORDS.md")], folders: ["docs"])
        #expect(LinkRule.findings(in: tree).map(\.line) == [2])
    }
}
