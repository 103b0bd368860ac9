// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletOptimizer
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct OptimizeTests {
    /// The published five regions; what stands on the diagonal must not matter.
    private static let regions = """
        from\\to,oregon,ireland,sydney,saopaulo,virginia
        oregon,-,67739,69185,93000,40285
        ireland,67739,7,132581,92021,35496
        sydney,69185,132581,999999,156703,99237
        saopaulo,93000,92021,156703,,70210
        virginia,40285,35496,99237,70210,0
        """

    /// What the command would report.
    private static func report(_ text: String, _ arguments: String...) throws -> OptimizationReport {
        let scratch = try Scratch()
        let file = try scratch.file("links.csv", text)
        let all = ["--matrix", file, "--f", "1"] + (arguments.contains("--unit") ? [] : ["--unit", "us-oneway"])
        return try OptimizeCommand.parse(all + arguments).optimization().report()
    }

    @Test func thePublishedPredictionsComeOut() throws {
        let report = try Self.report(Self.regions, "--all")
        let object = try #require(JSONSerialization.jsonObject(with: Data("\(report.json)".utf8)) as? [String: Any])
        let best = try #require(object["best"] as? [String: Any])
        #expect(best["leader"] as? Int == 0 && best["heavy"] as? [Int] == [0, 1])
        #expect(best["predictedMicroseconds"] as? Int == 143_520)
        let all = try #require(object["all"] as? [[String: Any]])
        #expect(all.count == 20 && object["candidates"] as? Int == 20)
        #expect(all.prefix(6).allSatisfy { $0["predictedMicroseconds"] as? Int == 143_520 })
        #expect(all.last?["leader"] as? Int == 2)
        let equal = try #require(object["equalWeights"] as? [String: Any])
        #expect(equal["leader"] as? Int == 4 && equal["predictedMicroseconds"] as? Int == 203_495)
        #expect(equal["quorum"] as? Int == 4)
        #expect(report.text.contains("best           oregon    oregon, ireland"))
        #expect(report.text.contains("143.52 ms") && report.text.contains("any 4 of 5 decide"))
        // Titles, then as many lines as there are candidates.
        #expect(report.text.split(separator: "\n").suffix(21).first?.hasPrefix("leader") ?? false)
    }

    @Test func clientsAreWhereTheyAreSaidToBe() throws {
        // With a client beside each replica the best is what Virginia leads, as published.
        let everywhere = try Self.report(Self.regions, "--objective", "client")
        #expect(everywhere.best.candidate.assignment.leader == ReplicaIndex(4))
        #expect(everywhere.best.candidate.latency == everywhere.best.client)
        let north = try Self.report(Self.regions, "--objective", "client", "--clients", "sydney", "--replies", "weak")
        #expect(north.clientNames == ["sydney"] && north.best.clientsByPlace == [north.best.client])
        #expect(north.best.candidate.latency != everywhere.best.candidate.latency)
        let waiting = try Self.report(Self.regions, "--window", "one")
        #expect(waiting.best.client > (try Self.report(Self.regions)).best.client)
    }

    @Test func replicasAreTheNamedOnesInTheirOrder() throws {
        let report = try Self.report(
            Self.regions, "--fault-model", "crash", "--replicas", "virginia, ireland ,sydney", "--search", "heuristic")
        #expect(report.names == ["virginia", "ireland", "sydney"] && report.rule.delta == 0)
        // To the nearest and back.
        #expect(report.best.candidate.latency.rawValue == 2 * 35_496)
        #expect(report.outcome.method == .heuristic && report.candidates == 3)
    }

    @Test func roundTripsAreHalvedAndRounded() throws {
        // 0.003 ms there and back are 1.5 µs one way: 2 µs. The slower direction counts.
        let text = """
            x,a,b,c,d
            a,0,0.003,0.003,0.003
            b,0.001,0,0.003,0.003
            c,0.003,0.003,0,0.003
            d,0.003,0.003,0.003,0
            """
        let report = try Self.report(text, "--unit", "ms-rtt")
        #expect(report.best.candidate.latency.rawValue == 3 * 2)
    }

    @Test(arguments: [
        ("x,a,b\na,0,-1\nb,1,0", ":2: column 3: '-1' is no delay from a to b: give a decimal number"),
        ("x,a,b\na,0,1\nb,one,0", ":3: column 2: 'one' is no delay from b to a"),
        ("x,a,b\na,0,1\nb,,0", ":3: column 2: '' is no delay from b to a"),
        ("x,a,b\na,0\nb,1,0", ":2: column 3: a has 1 delays for 2 regions: give one for each"),
        ("x,a,b\na,0,1", ": 2 regions need as many lines, not 1"),
    ])
    func badFilesAreRefusedWithTheReasonAndThePlace(text: String, words: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try Self.report(text) }
        #expect(error.map { "\($0)".contains("links.csv" + words) } ?? false, "\(error.map { "\($0)" } ?? "")")
    }

    @Test(arguments: [
        (["--replicas", "oregon,irland,sydney,virginia"], "--replicas: 'irland' is no place of"),
        (["--replicas", "oregon,irland,sydney,virginia"], "did you mean 'ireland'?"),
        (["--replicas", "oregon,oregon,sydney,virginia"], "'oregon' is named twice"),
        (["--replicas", "oregon,sydney,virginia"], "3 replicas cannot tolerate f = 1 byzantine faults"),
        (["--replicas", "oregon,sydney,virginia"], "that takes 3f+1 = 4; name more replicas"),
        (["--clients", "mars"], "--clients: 'mars' is no place of"),
    ])
    func whatDoesNotGoTogetherIsRefusedWithTheReason(arguments: [String], words: String) throws {
        let scratch = try Scratch()
        let file = try scratch.file("links.csv", Self.regions)
        let command = try OptimizeCommand.parse(["--matrix", file, "--unit", "us-oneway", "--f", "1"] + arguments)
        let failure = try #require(throws: CommandFailure.self) { try command.optimization() }
        #expect(failure.description.contains(words), "\(failure)")
    }

    @Test func numbersOutOfBoundsAreRefused() {
        for (n, f) in [(5, 0), (5, -1), (5, 2), (5, Int.max), (129, 1)] {
            #expect(throws: CommandFailure.self) { try OptimizeCommand.rule(.byzantine, n: n, f: f) }
        }
        let feet = ["--matrix", "a", "--unit", "feet", "--f", "1"]
        #expect(throws: (any Error).self) { try OptimizeCommand.parse(feet) }
    }

    @Test func quorumsAreTabled() throws {
        let table = try QuorumTable(.byzantine, f: 1, deltas: try #require(CountRange(argument: "0..6")))
        let lines = table.text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.count == 8)
        #expect(lines[1] == "0 4 2 1 1 3 of 4 3: 2·1 + 1·1 = 3 3: 1·1 + 2·1 = 3 3")
        #expect(lines[2] == "1 5 2 2 1 5 of 7 3: 2·2 + 1·1 = 5 4: 1·2 + 3·1 = 5 4")
        let last = #""delta":6,"n":10,"heavy":2,"heavyWeight":7,"lightWeight":1,"quorumWeight":15"#
        #expect("\(table.json)".contains(last))
        #expect("\(table.json)".contains(#""smallestQuorum":3,"smallestQuorumHeavy":2,"largestQuorum":9"#))
    }

    @Test(arguments: [(0, "0"), (1, "125"), (43, "0"), (Int.max, "1..2"), (-1, "1")])
    func groupsThatCannotBeHaveNoQuorums(f: Int, deltas: String) throws {
        let range = try #require(CountRange(argument: deltas))
        #expect(throws: CommandFailure.self) { try QuorumTable(.byzantine, f: f, deltas: range) }
    }

    @Test func rangesOfCountsAreRead() {
        #expect(CountRange(argument: "0..6")?.counts == 0...6 && CountRange(argument: "2")?.counts == 2...2)
        #expect(CountRange(argument: "3..2") == nil && CountRange(argument: "-1") == nil)
        #expect(CountRange(argument: "0..9223372036854775808") == nil)
    }
}
