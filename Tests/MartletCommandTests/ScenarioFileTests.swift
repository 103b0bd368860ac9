// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletSimulation
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct ScenarioFileTests {
    private func complaint(_ lines: String...) -> ConfigurationError? {
        do {
            let text = (["format: martlet-scenario 1"] + lines).joined(separator: "\n")
            _ = try ScenarioFile.read(text: text, file: "s.yaml")
            return nil
        } catch {
            return error
        }
    }

    @Test func whatTheGeneratorDrawsReadsBackTheSameAndRunsTheSame() throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            let scenario = ScenarioGenerator.scenario(seed: seed)
            let text = ScenarioFile.text(of: scenario)
            let read = try ScenarioFile.read(text: text, file: "\(seed)")
            #expect(ScenarioFile.text(of: read) == text)
            guard seed % 100 == 0 else { continue }
            #expect(Simulator.run(read).fingerprint == Simulator.run(seed: seed).fingerprint)
        }
    }

    @Test func errorsNameTheLine() {
        #expect(complaint("n: 4", "lossy: true")?.line == 3)
        #expect(complaint("n: 4", "healsAt: 3 weeks")?.line == 3)
        #expect(complaint("links:", "  lossPermille: 1001")?.line == 3)
        #expect(complaint("clients:", "  - {pipeline: 0}")?.line == 3)
        #expect(
            complaint("liars:", "  - {replica: 0, kinds: [silent leader]}", "  - {replica: 0, kinds: [silent]}")?.line
                == 4)
        #expect(complaint("linkFaults:", "  - {from: [0], to: [c0]}")?.line == 3)
        #expect(complaint("settings:", "  window: 0")?.line == 3)
        #expect(complaint("clockFaults:", "  - {replica: 0, at: 1s}")?.line == 3)
        #expect(complaint("placement: [a]")?.line == 2)
        #expect(complaint("matrix: {unit: oneWayMicroseconds, csv: \"x,a\\na,0\"}", "placement: [b]")?.line == 3)
    }

    @Test func everyFieldOfAClientSurvives() throws {
        var scenario = Scenario(seed: 1)
        var plan = ClientPlan()
        plan.severalPermille = 250
        plan.pauseMax = .milliseconds(150)
        plan.patience = .milliseconds(70)
        plan.putsOnly = true
        plan.valueBytes = 1024
        scenario.clients = [plan]
        let read = try ScenarioFile.read(text: ScenarioFile.text(of: scenario), file: "s.yaml")
        #expect(read.clients == [plan])
    }

    @Test func whoLeadsAndWhoIsHeavySurvivesAndMustMakeSense() throws {
        var scenario = Scenario(seed: 1)
        scenario.n = 5
        scenario.leaders = [4, 0, 1, 2, 3]
        scenario.heavy = [4, 0]
        let read = try ScenarioFile.read(text: ScenarioFile.text(of: scenario), file: "s.yaml")
        #expect(read.leaders == scenario.leaders && read.heavy == scenario.heavy)
        #expect(complaint("n: 5", "leaders: [4, 0, 1, 2]")?.complaint.contains("leaders") == true)
        #expect(complaint("n: 5", "leaders: [4, 0, 1, 2, 5]")?.line == 3)
        #expect(complaint("n: 5", "heavy: [4, 4]")?.complaint.contains("twice") == true)
        #expect(complaint("n: 5", "heavy: [4, 1, 2]")?.complaint.contains("2 replicas are heavy") == true)
    }

    @Test func whoComesAndGoesSurvives() throws {
        let text = """
            format: martlet-scenario 1
            healsAt: 900ms
            newcomers: [{startsAt: 20ms}, {}]
            changes:
              - {at: 1ms, add: 4}
              - {at: 2ms, replace: 2, by: 5}
              - {at: 3ms, replace: leader, by: 5}
              - {at: 4ms, remove: 4, waits: false}
              - {at: 5ms, tolerate: 2, administrator: 1}
              - {at: 6ms, rotateKey: 3}
              - {at: 7ms, administer: 2}
            thieves: [{replica: 3, kinds: [former member]}]
            linkFaults: [{from: [5, c0], to: [4], end: 50ms}]
            replicaFaults: [{replica: 4, crashAt: 10ms, restartAt: 20ms, after: 3}]
            clients: [{}]
            beyond: true
            """
        let read = try ScenarioFile.read(text: text, file: "s.yaml")
        let again = try ScenarioFile.read(text: ScenarioFile.text(of: read), file: "s.yaml")
        #expect(
            again.newcomers == read.newcomers && read.newcomers.map(\.startsAt) == [.zero + .milliseconds(20), .zero])
        #expect(again.changes == read.changes && read.changes.count == 7)
        #expect(again.thieves == read.thieves && again.linkFaults == read.linkFaults)
        #expect(again.replicaFaults == read.replicaFaults && read.replicaFaults.first?.after == 3)
        #expect(read.linkFaults[0].from == NodeSet([read.node(ofReplica: 5), read.node(ofClient: 0)]))
        #expect(complaint("changes: [{at: 1ms, add: 4}]")?.line == 2)
        #expect(complaint("changes: [{at: 1ms}]")?.complaint.contains("a change says one of") == true)
    }

    @Test func aDelayMayVary() throws {
        let line = "linkFaults: [{from: [0], to: [1], end: 1s, kind: slow, by: 120ms, spread: 40ms}]"
        let read = try ScenarioFile.read(text: "format: martlet-scenario 1\n" + line, file: "s.yaml")
        #expect(read.linkFaults.first?.kind == .slow(by: .milliseconds(120), spread: .milliseconds(40)))
        let again = try ScenarioFile.read(text: ScenarioFile.text(of: read), file: "s.yaml")
        #expect(again.linkFaults == read.linkFaults)
    }

    @Test func whatAGroupNeedNotSurviveMustSaySo() {
        let faults = ["replicaFaults:", "  - {replica: 0, crashAt: 1ms}", "  - {replica: 1, crashAt: 1ms}"]
        #expect(complaint(faults.joined(separator: "\n"))?.complaint.contains("more than f = 1") == true)
        #expect(complaint(faults.joined(separator: "\n"), "beyond: true") == nil)
        // Nothing is promised against more liars than f, so there is nothing to check.
        let liars = "liars: [{replica: 0, kinds: [replayer]}, {replica: 1, kinds: [replayer]}]"
        #expect(complaint(liars, "beyond: true")?.complaint.contains("liars") == true)
        #expect(complaint("n: 3")?.complaint.contains("cannot tolerate") == true)
    }

    @Test func aGroupThatCannotBeIsRefusedAndNotRun() {
        for lines in [["n: 4", "f: 0"], ["n: 2", "f: 0"], ["n: 3", "f: 0", "faultModel: crash"]] {
            #expect(complaint(lines.joined(separator: "\n"))?.complaint.contains("one replica alone") == true)
        }
        #expect(complaint("n: 1", "f: 0") == nil)
        #expect(complaint("n: 2")?.complaint.contains("cannot tolerate") == true)
        // The administrator is a node too.
        let clients = "clients: [" + Array(repeating: "{}", count: 60).joined(separator: ", ") + "]"
        let changes = "reconfigurations: [{at: 1ms, firstHeavy: 0, firstLeader: 1}]"
        #expect(complaint(clients) == nil)
        #expect(complaint(clients, changes)?.complaint.contains("more than 64 nodes") == true)
    }

    @Test func aListThatNamesNothingIsRefused() {
        #expect(complaint("healsAt: 100ms", "clientsUntil: 100ms", "clients:", "  - {malice: []}")?.line == 5)
        #expect(complaint("clients: [{malice: []}]")?.complaint.contains("flood") == true)
        #expect(complaint("liars: [{replica: 0, kinds: []}]")?.complaint.contains("is empty") == true)
        #expect(complaint("linkFaults: [{from: [0], to: [1], messages: []}]")?.complaint.contains("is empty") == true)
    }

    @Test(arguments: ["retryMin", "retryMax", "readFallbackMin"])
    func aClientWaitsAtLeastAMillisecond(setting: String) {
        #expect(complaint("clientTiming: {\(setting): 0s}")?.complaint == "'\(setting)' must be 1ms or longer")
        #expect(complaint("clientTiming: {\(setting): 999us}")?.line == 2)
        #expect(complaint("clientTiming: {\(setting): 1ms}") == nil)
    }

    @Test func nothingEndsBeforeItBegins() {
        for fault in [
            "replicaFaults: [{replica: 0, crashAt: 5ms, restartAt: 4ms}]",
            "replicaFaults: [{replica: 0, pauseAt: 5ms, resumeAt: 4ms}]",
            "clockFaults: [{replica: 0, at: 5ms, standUntil: 4ms}]",
            "linkFaults: [{from: [0], to: [1], begin: 5ms, end: 4ms}]",
            "clients: [{}]\nclientLinkFaults: [{client: 0, replicas: [0], begin: 5ms, end: 4ms}]",
        ] {
            #expect(complaint("healsAt: 10ms", fault)?.complaint.contains("before") == true, "\(fault)")
            #expect(complaint("healsAt: 10ms", fault.replacing("4ms", with: "6ms")) == nil, "\(fault)")
        }
    }

    @Test func whatCannotBeExpectedIsFoundBeforeTheRun() {
        #expect(complaint("expect:", "  - {what: nonsense}")?.line == 3)
        #expect(complaint("expect: [{what: nonsense}]")?.complaint.contains("'nonsense'") == true)
        #expect(complaint("expect: [{what: calls, min: 3, max: 2}]")?.complaint.contains("at most 2") == true)
        for name in ["calls", "instances", "leader changes", "silent leader", "client: views", "STOP: slowLeader"] {
            #expect(complaint("expect: [{what: \"\(name)\", min: 1, max: 1}]") == nil, "\(name)")
        }
        for scenario in StockScenarios.all {
            for expectation in scenario.expectations { #expect(expectation.complaint == nil, "\(scenario.name)") }
        }
    }

    @Test func partOfANameIsTakenForIt() {
        let hint = complaint("liars: [{replica: 0, kinds: [silent]}]")?.complaint
        #expect(hint?.contains("did you mean 'silent leader'?") == true)
    }

    @Test(arguments: [("/tmp", "directory"), ("/dev/null", "device"), ("/nowhere.yaml", "no such file")])
    func whatIsNoFileIsCalledWhatItIs(path: String, word: String) {
        let error = #expect(throws: ConfigurationError.self) { try ScenarioFile.read(file: path) }
        #expect(error?.complaint.contains(word) == true, "\(error?.complaint ?? "none")")
    }

    @Test(arguments: ["0s", "1ns", "250ms", "1500us", "3s", "123456789ns"])
    func timesAreExact(text: String) throws {
        let interval = try #require(TimeText.interval(text))
        #expect(TimeText.text(interval) == text)
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scenarios")

    @Test(arguments: try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted())
    func whatOnceBrokeARuleDoesNot(file: String) throws {
        let scenario = try ScenarioFile.read(file: Self.folder.appending(path: file).path())
        #expect("\(scenario.name).yaml" == file && !scenario.about.isEmpty && !scenario.expectations.isEmpty)
        let report = Simulator.run(scenario)
        #expect(report.violations.isEmpty, "\(report.violations)")
    }
}
