// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite struct DeterminismTests {
    @Test(arguments: [
        "var x: Double = 0", "let x = Float(y)", "let now = Date()", "let clock = ContinuousClock()",
        "var generator = SystemRandomNumberGenerator()", "let x = Int.random(in: 0..<9)", "list.shuffle()",
        "list.randomElement()", "print(\"\\(Date())\")", "let x: Foundation.Data",
    ])
    func clocksRandomnessAndFloatingPointAreFound(text: String) {
        #expect(DeterminismRule.findings(in: Planted.swift("\n" + text)).map(\.line) == [2])
        #expect(DeterminismRule.findings(in: Planted.swift(text, in: "MartletReplica")).isEmpty)
    }

    @Test func seedsAreFine() {
        let text = "let x = Int.random(in: 0..<9, using: &source)\nlet y = list.shuffled(using: &source)\n// Double"
        #expect(DeterminismRule.findings(in: Planted.swift(text)).isEmpty)
    }

    @Test func theSimulatorMayReportWithFloatingPoint() {
        #expect(DeterminismRule.findings(in: Planted.swift("let x: Double", in: "MartletSimulation")).isEmpty)
        #expect(DeterminismRule.findings(in: Planted.swift("let x = Date()", in: "MartletSimulation")).count == 1)
    }

    @Test(arguments: [
        "for vote in votes { }", "for (key, value) in self.votes { }", "for vote in votes.values where true { }",
        "votes.keys.forEach { }", "let x = votes.map { $0 }", "let x = votes.first", "let x = Array(votes.keys)",
        "let x = votes.reduce(0) { $0 + $1 }", "votes.popFirst()",
    ])
    func walksOverUnorderedNamesAreFound(text: String) {
        let declarations = [
            "var votes: [ReplicaID: Vote]", "var votes = [ReplicaID: Vote]()", "let votes: Set<Vote>",
            "var votes: [Digest: [Vote]] = [:]", "var votes = Set(list)", "func f(_ votes: Dictionary<Int, Int>)",
        ]
        for declaration in declarations {
            let file = Planted.swift("\(declaration)\n\(text)")
            #expect(IterationRule.findings(in: [file]).map(\.line) == [2], "\(declaration)")
        }
    }

    @Test(arguments: [
        "for vote in votes.keys.sorted() { }", "let x = votes.map { $0 }.sorted()", "let x = votes[key]",
        "let x = votes.contains(a)", "let x = Array(votes.values).sorted { $0 < $1 }", "let x = votes.count",
        "let x = votes.map { $0.count }.sorted(by: >)", "for vote in list { votes.insert(vote) }",
    ])
    func lookUpsAndSortedWalksAreFine(text: String) {
        #expect(IterationRule.findings(in: [Planted.swift("var votes: [Int: Int]\n\(text)")]).isEmpty)
    }

    @Test func theNearestDeclarationDecides() {
        let text = "let votes: [Int: Int]\nfunc f(votes: [Vote]) { for vote in votes { } }"
        #expect(IterationRule.findings(in: [Planted.swift(text)]).isEmpty)
    }

    @Test func declarationsInOtherFilesOfTheTargetCount() {
        let other = SourceFile(path: "Sources/MartletCore/Other.swift", text: "var votes: [Int: Int] = [:]")
        let file = Planted.swift("for vote in votes { }")
        #expect(IterationRule.findings(in: [file, other]).count == 1)
    }

    @Test func aPropertyOfAnotherTypeIsJudgedByItsOwnDeclaration() {
        let other = SourceFile(path: "Sources/MartletTypes/Image.swift", text: "let votes: [Vote]")
        let file = Planted.swift("var votes: [Int: Int]\nfor vote in image.votes { }")
        #expect(IterationRule.findings(in: [file, other]).isEmpty)
        #expect(IterationRule.findings(in: [file]).count == 1)
    }

    @Test func aWalkInAnyOrderSaysSo() {
        let text = "var votes: Set<Int>\n// any order: a sum\nlet x = votes.reduce(0, +)"
        #expect(IterationRule.findings(in: [Planted.swift(text)]).isEmpty)
    }
}
