// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct GenesisFileTests {
    private func complaint(_ text: String) throws -> ConfigurationError {
        try #require(throws: ConfigurationError.self) { try GenesisFile.read(text: text, file: "genesis.yaml") }
    }

    /// The sample's file with one piece of text replaced, and without the id, which no longer fits.
    private func altered(_ piece: String, _ replacement: String) throws -> String {
        let text = try Sample.text()
        #expect(text.contains(piece))
        return text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("group:") }
            .joined(separator: "\n").replacing(piece, with: replacement, maxReplacements: 1)
    }

    @Test(arguments: [(1, FaultModel.byzantine), (4, .byzantine), (5, .byzantine), (3, .crash), (6, .crash)])
    func whatIsWrittenReadsBackTheSame(n: Int, model: FaultModel) throws {
        let genesis = try Sample.founding(n, model).genesis()
        #expect(try GenesisFile.read(text: GenesisFile.text(of: genesis), file: "g") == genesis)
    }

    @Test(arguments: [
        "yes", "a # b", "\"quoted\" \\ 'x'", "ü\u{85}\u{2028}x", ": {", "null", " lead", "line\nbreak", "1",
    ])
    func anyNameReadsBackTheSame(name: String) throws {
        var founding = Sample.founding(4)
        founding.name = name
        let genesis = try founding.genesis()
        #expect(try GenesisFile.read(text: GenesisFile.text(of: genesis), file: "g") == genesis)
    }

    @Test func listsOfClientsReadBackTheSame() throws {
        for keys in [[], Sample.keys.map(\.publicKey)] {
            var founding = Sample.founding(4)
            founding.clientAccess = .allowList(keys)
            founding.administrators = []
            let genesis = try founding.genesis()
            #expect(try GenesisFile.read(text: GenesisFile.text(of: genesis), file: "g") == genesis)
        }
    }

    @Test func whatAGroupBeginsWithReadsBackTheSame() throws {
        var founding = Sample.founding(4)
        let plain = try founding.genesis()
        let state = OriginState(
            group: Digest(words: Words32(1, 2, 3, 4)), instance: Instance(77),
            digest: Digest(words: Words32(5, 6, 7, 8)))
        founding.origin = GenesisOrigin(state: state, nonce: Digest(words: Words32(9, 10, 11, 12)))
        let genesis = try founding.genesis()
        let text = GenesisFile.text(of: genesis)
        #expect(try GenesisFile.read(text: text, file: "g") == genesis)
        founding.origin = GenesisOrigin(state: state, nonce: Digest(words: Words32(9, 10, 11, 13)))
        let ids = Set(try [plain, genesis, founding.genesis()].map(Hashing.group))
        #expect(ids.count == 3)
        let digits = String(repeating: "a", count: 64)
        for (origin, words) in [
            ("abc", "must be settings, one a line"),
            ("{group: abc, instance: 1, state: \(digits)}", "64 hexadecimal digits"),
            ("{group: \(digits), instance: 0, state: \(digits)}", "must be from 1 to"),
            ("{group: \(digits), instance: 1}", "'state' is missing"),
            ("{group: \(digits), instance: 1, state: \(digits)}", "'nonce' is missing"),
        ] {
            let error = try complaint(altered("settings:", "origin: \(origin)\nsettings:"))
            #expect(error.complaint.contains(words), "\(error)")
        }
    }

    @Test func anUnknownSettingIsNamedWithItsLineAndTheLikelyOne() throws {
        let text = try altered("  window:", "  windwo:")
        let error = try complaint(text)
        #expect(error.line == Sample.line(of: "windwo", in: text))
        #expect(error.complaint == "unknown setting 'windwo'; did you mean 'window'?")
        #expect(error.description.hasPrefix("genesis.yaml:\(error.line): "))
    }

    @Test func aSettingGivenTwiceIsNamedWithItsSecondLine() throws {
        let text = try altered("  pipelineMax:", "  window: 3\n  pipelineMax:")
        let error = try complaint(text)
        #expect(error.line == Sample.line(of: "window: 3", in: text))
        #expect(error.complaint == "'window' is given twice")
    }

    @Test(arguments: [
        ("f: 1 ", "f: 2 ", "f: 2", "3f+1 = 7 are needed"),
        ("f: 1 ", "f: 0 ", "f: 0", "f = 0 means one replica"),
        ("f: 1 ", "f: one ", "f: one", "must be a whole number"),
        ("f: 1 ", "f: \"1\" ", "f: \"1\"", "must be a whole number"),
        ("faultModel: byzantine", "faultModel: bizantine", "faultModel", "must be byzantine or crash"),
        ("  window: 16", "  window: 0", "window", "must be from 1 to 1024"),
        ("  window: 16", "  window:", "window", "has no value"),
        ("  hasUnorderedReads: true", "  hasUnorderedReads: yes", "hasUnorderedReads", "must be true or false"),
        ("  - id: 1", "  - id: 0", "id: 0", "two members have the id 0"),
        ("host1:7001", "host0:7000", "id: 1", "same address"),
        ("host1:7001", "host1", "host1", "expected HOST:PORT"),
        ("host1:7001", "host1:0", "host1", "the port must be from 1 to 65535"),
        ("clientAccess: open", "clientAccess: closed", "closed", "must be open, or a list"),
        ("administratorsNeeded: 1", "administratorsNeeded: 2", "administratorsNeeded", "must be from 1 to 1"),
        ("format: martlet-genesis 1", "format: martlet-genesis 2", "format", "is expected here"),
        ("settings:", "settings: [", "settings: [", "not YAML"),
    ])
    func mistakesAreNamedWithTheirLine(piece: String, replacement: String, place: String, words: String) throws {
        let text = try altered(piece, replacement)
        let error = try complaint(text)
        #expect(error.complaint.contains(words), "\(error)")
        if words != "not YAML" && !words.hasPrefix("two") {
            #expect(error.line == Sample.line(of: place, in: text), "\(error)")
        }
        #expect(error.line > 0)
    }

    @Test func aFileChangedAfterTheFoundingIsNotTakenForTheGroup() throws {
        let text = try Sample.text().replacing("window: 16", with: "window: 8")
        let error = try complaint(text)
        #expect(error.line == Sample.line(of: "group:", in: text))
        #expect(error.complaint.contains("changed after"))
    }

    @Test(arguments: ["", "# nothing", "- a", "text", "a: b\n---\nc: d", "\u{0}", "a: &x [*x]", "<<: {f: 1}"])
    func otherFilesAreRefused(text: String) throws { _ = try complaint(text) }

    @Test func everyMissingSettingIsNamed() throws {
        for name in ["format", "name", "faultModel", "f", "members", "clientAccess"] {
            let lines = try Sample.text().split(separator: "\n", omittingEmptySubsequences: false)
            let text = lines.filter { !$0.hasPrefix(name + ":") && !(name == "members" && $0.hasPrefix("  ")) }
            #expect(try complaint(text.joined(separator: "\n")).complaint == "'\(name)' is missing")
        }
    }

    @Test func aMissingFileSaysSo() {
        let error = #expect(throws: ConfigurationError.self) { try GenesisFile.read("no/such/genesis.yaml") }
        #expect(error?.description == "no/such/genesis.yaml: there is no such file")
    }
}
