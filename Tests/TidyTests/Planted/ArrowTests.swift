// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite struct ArrowTests {
    @Test(arguments: [
        "import Foundation", "package import MartletCrypto", "@preconcurrency import Glibc",
        "import struct Crypto.SHA256",
        "@testable import NIOCore",
    ])
    func forbiddenImportsAreFound(text: String) {
        #expect(ImportRule.findings(in: Planted.swift("import MartletTypes\n\(text)")).map(\.line) == [2])
    }

    @Test func allowedImportsAreNot() {
        let text = "package import MartletTypes\nimport DequeModule\n// import Foundation\n#if canImport(Glibc)\n#endif"
        #expect(ImportRule.findings(in: Planted.swift(text)).isEmpty)
    }

    @Test func aTargetWithoutALineIsFound() {
        #expect(ImportRule.findings(in: Planted.swift("import MartletTypes", in: "MartletNew")).count == 1)
    }

    @Test func xctestIsFoundInTests() {
        let file = SourceFile(path: "Tests/MartletCoreTests/Old.swift", text: "import XCTest")
        #expect(ImportRule.findings(in: file).count == 1)
    }

    @Test(arguments: ["Verified(a, sender: b)", "Verified<[Request]>(a, sender: b)", "Verified.init(a, sender: b)"])
    func verifiedMessagesMadeElsewhereAreFound(text: String) {
        #expect(VerifiedRule.findings(in: Planted.swift("let x = \(text)", in: "MartletReplica")).count == 1)
        #expect(VerifiedRule.findings(in: Planted.swift("let x = \(text)", in: "MartletCrypto")).isEmpty)
        #expect(VerifiedRule.findings(in: Planted.swift("let x = \(text)", in: "MartletSimulation")).isEmpty)
    }

    @Test func namingTheTypeIsNoMaking() {
        let text = "func take(_ message: Verified<WriteVote>) -> Verified<[Request]>? { nil }\ncase a(Verified<Stop>)"
        #expect(VerifiedRule.findings(in: Planted.swift(text)).isEmpty)
    }

    @Test(arguments: [
        ("library(\"MartletReplica\", [\"MartletCore\", \"martlet-attack\"])", 1),
        (".executableTarget(name: \"martlet-cli\", dependencies: [\"martlet-attack\"])", 1),
        (".executableTarget(name: \"martlet-attack\", dependencies: [\"MartletCore\"])", 0),
        (".executable(name: \"martlet-attack\", targets: [\"martlet-attack\"])", 0),
        ("tests(\"MartletCommandTests\", [\"martlet-cli\", \"martlet-attack\"])", 0),
    ])
    func whatStandsOnHostileCodeIsFound(manifest: String, count: Int) {
        let tree = SourceTree(files: [SourceFile(path: "Package.swift", text: manifest)])
        #expect(SeparationRule.findings(in: tree).count == count)
    }

    @Test func hostileCodeThatIsImportedIsFound() {
        let tree = SourceTree(files: [Planted.swift("import martlet_attack", in: "martlet")])
        #expect(SeparationRule.findings(in: tree).count == 1)
    }
}
