// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletRelay
import MartletSimulation
import MartletTypes
import Testing

@testable import martlet_cli

@Suite(.serialized) struct WideAreaTests {
    private static func scenario() throws -> Scenario {
        let text = """
            format: martlet-scenario 1
            n: 4
            leaders: [2, 0, 1, 3]
            matrix:
              unit: oneWayMilliseconds
              csv: |
                from\\to,a,b
                a,0,80
                b,120,0
            placement: [a, a, a, b, b]
            links: {delayMin: 5ms, delaySpread: 0s}
            timeouts: {requestMin: 4s}
            healsAt: 3s
            clientsUntil: 3s
            clients: [{putsOnly: true, readPermille: 0, operationsMin: 4, pauseMax: 100ms, valueBytes: 1000}]
            linkFaults: [{from: [0], to: [1], begin: 1s, end: 2s, kind: slow, by: 10ms, spread: 4ms}]
            """
        return try ScenarioFile.read(text: text, file: "wide.yaml")
    }

    // MARK: - Links

    @Test func theRelayHasTheScenariosDelaysEachWay() throws {
        let links = WideAreaLinks(scenario: try Self.scenario())
        #expect(links.complaint == nil && links.nodes == 5)
        let route = links.route(from: 4, to: 2, port: 7)
        #expect(route.there == RelayDelay(base: .milliseconds(125)) && route.back.base == .milliseconds(85))
        #expect(links.delay(from: 0, to: 2).base == .milliseconds(5))
        #expect(
            links.delay(from: 0, to: 1).troubles == [
                .init(
                    begin: .seconds(1), end: .seconds(2), kind: .slow(by: .milliseconds(10), spread: .milliseconds(4)))
            ])
        #expect(links.delay(from: 1, to: 0).troubles.isEmpty)
    }

    @Test func whatOnlyASimulatedWorldCanDoIsRefused() throws {
        var scenario = try Self.scenario()
        scenario.links.lossPermille = 1
        #expect(WideAreaLinks(scenario: scenario).complaint?.contains("lose") == true)
        scenario = try Self.scenario()
        scenario.liars = [LiarPlan(replica: 0, kinds: [.replayer])]
        #expect(WideAreaLinks(scenario: scenario).complaint?.contains("liars") == true)
        scenario = try Self.scenario()
        scenario.clients = []
        #expect(WideAreaLinks(scenario: scenario).complaint != nil)
    }

    // MARK: - Lines

    @Test func whatProcessesSayIsUnderstood() {
        let record = WideAreaRecord(clients: 2)
        record.relaySaid("route 4 0 20123")
        record.relaySaid("ready")
        #expect(record.port(from: 4, to: 0) == 20_123 && record.port(from: 0, to: 4) == nil && record.isRelayReady)
        record.client(1, said: "ready")
        record.client(1, said: "call 1000 250000")
        record.client(1, said: "12:00:00.000  warning: something")
        record.client(0, said: "failed the client was closed")
        #expect(record.readyClients == 1 && record.result.calls[1].map(\.took) == [250_000])
        #expect(record.result.calls[0].isEmpty && record.result.violations.count == 1)
        #expect(record.remarks.count == 1)
        // What is decided before clients begin does not count.
        let line = "19:00:26.162  trace: instance 7 decided 143520 µs after its proposal"
        record.replicaSaid(line)
        #expect(record.result.consensus.isEmpty)
        record.begin()
        record.replicaSaid(line)
        record.replicaSaid("19:00:26.162  replica 2 leads")
        #expect(record.result.consensus.map(\.took) == [143_520])
        record.relaySaid("counts 45 7000 16000 144000")
        #expect(record.relayCounts == [45, 7_000, 16_000, 144_000])
    }

    // MARK: - All of it

    @Test func processesOnLongLinksWaitAtLeastAsLongAsTheLinksAre() async throws {
        let executable = try #require(BuiltProgram.path())
        let scratch = try Scratch()
        let scenario = try Self.scenario()
        let (result, relay) = try await WideAreaRun(
            scenario: scenario, directory: scratch.path + "/group", executable: executable, tell: { _ in }
        ).run()
        #expect(result.violations.isEmpty, "\(result.violations)")
        #expect(result.calls[0].count >= 4 && result.leaderChanges == 0)
        // To the leader in region a and back takes 210 ms; three message delays within a take 15.
        for call in result.calls[0] { #expect(call.took >= 225_000) }
        #expect(result.consensus.count >= 4 && result.consensus.allSatisfy { $0.took >= 15_000 })
        // Each replica dials three, the client four.
        #expect((relay?.first ?? 0) >= 16)
        let report = WideAreaReport(
            scenario: scenario, result: result, simulated: TrialResult(simulating: scenario), relay: relay, warmup: 0)
        #expect(report.isSound && report.text.contains("consensus") && report.chart.series.count == 1)
    }
}
