// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

/// The rules of the house, held by the package as it is.
@Suite("The package's own files")
struct TreeTests {
    private let tree: SourceTree

    init() throws { tree = try SourceTree.here.get() }

    @Test func areFound() {
        #expect(tree.holds("Package.swift"))
        #expect(tree.files.count { $0.target == "MartletTypes" } > 5)
    }

    @Test func importOnlyWhatTheirTargetMay() { expectNone { ImportRule.findings(in: $0) } }

    @Test func keepHostileCodeApart() { report(SeparationRule.findings(in: tree)) }

    @Test func decideTheSameEverywhere() { expectNone { DeterminismRule.findings(in: $0) } }

    @Test func walkOverNothingUnordered() { report(IterationRule.findings(in: tree.files)) }

    @Test func leaveVerifyingToTheCryptoLayer() { expectNone { VerifiedRule.findings(in: $0) } }

    @Test func passNoErrorOver() { expectNone { ErrorHandlingRule.findings(in: $0) } }

    @Test func haveNoGlobalVariables() { expectNone { GlobalStateRule.findings(in: $0) } }

    @Test func beginWithTheHeader() { expectNone { HeaderRule.findings(in: $0) } }

    @Test func speakOnlyOfTheProject() { expectNone { WordingRule.findings(in: $0) } }

    @Test func areReadInOneSitting() { expectNone { LengthRule.findings(in: $0) } }

    @Test func bearTheNameOfTheirMainType() { expectNone { MainTypeRule.findings(in: $0) } }

    @Test func linkToWhatExists() { report(LinkRule.findings(in: tree)) }

    @Test func fitTheFaultsToPlant() {
        #expect(tree.files.count { $0.path.hasPrefix("Tests/Mutants/") } >= 7)
        report(PatchRule.findings(in: tree))
    }

    @Test func excuseNoFileThatIsGone() {
        for path in [LengthRule.excused, MainTypeRule.excused].flatMap(\.keys) {
            #expect(tree.holds(path), "\(path) is excused, but does not exist")
        }
    }

    private func expectNone(_ rule: (SourceFile) -> [Finding]) { report(tree.files.flatMap(rule)) }

    private func report(_ findings: [Finding]) {
        for finding in findings { Issue.record("\(finding)") }
    }
}
