// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes
import Testing

@Suite("Bounded memory: no replica keeps more than its settings imply")
struct MemoryTests {
    private static func checker(isDurable: Bool = false, isLogRewritten: Bool = false) -> MemoryChecker {
        var settings = GroupSettings()
        settings.window = 4
        settings.checkpointPeriod = 8
        settings.batchRequestsMax = 2
        settings.batchBytesMax = 1_024
        settings.requestBytesMax = 2_048
        settings.pipelineMax = 16
        settings.sessionsPerClientMax = 5
        settings.sessionsMax = 12
        settings.isDurable = isDurable
        var limits = MemoryChecker.Limits()
        limits.pendingPerClientMax = 32
        limits.isLogRewritten = isLogRewritten
        return MemoryChecker(n: 4, leasesMax: 2, clients: 3, settings: settings, limits: limits)
    }

    /// Worked out by hand: L = 2 · 8 + 4, and 2 · 4 instances run. A batch lists a probe of each member beside its requests.
    private static func expected(_ what: CoreHolding) -> Int {
        switch what {
        case .pendingRequests: 96 + 4 * 4 * 5
        case .pendingBytes: 3 * 8 * 2_048 + 4 * 4 * 5 * 1_060
        case .pendingOfOneClient: 32
        case .rumours: 16_384
        case .rumourBytes: 64 << 20
        case .wantedRequests: 28 * (2 + 4)
        case .instances: 28
        case .batchesOfOneInstance: 10
        case .batchEntries: 28 * 10 * (2 + 4)
        case .batchBytes: 28 * 10 * 2_048
        case .votesOfOneInstance: 4 * 13
        case .writeSetOfOneInstance: 256
        case .stopData: 9
        case .claimsOfOneStopData: 28
        case .checkpointVotes: 16
        case .installs: 4
        case .earlyMessagesOfOneMember: 3 * 4
        case .earlyEntriesOfOneMember: 4 * (2 + 4)
        case .fetchedBytes: 16 << 20
        case .chunksAskedOfOneMember: 512
        case .chunksAwaitedByOneMember: 1024
        case .archivedBytes: 1 << 20
        case .unwrittenRecords: 0
        case .sessions: 12
        case .clients: 3
        case .challengesOfOneMember: 64
        }
    }

    @Test("As much as the bound passes, one more does not", arguments: CoreHolding.allCases)
    func bound(of what: CoreHolding) {
        let (checker, most) = (Self.checker(), Self.expected(what))
        #expect(checker.check(what, held: most, by: 0, at: .zero) == nil)
        let violation = checker.check(what, held: most + 1, by: 0, at: .zero)
        #expect(violation?.rule == .memory)
        #expect(violation?.text == "replica 0 keeps \(most + 1) \(what.rawValue), more than \(most)")
    }

    @Test("Kept replies and snapshots are bounded, too")
    func execution() {
        let checker = Self.checker()
        #expect(checker.check(repliesOfOneSession: 64, snapshots: 7, by: 0, at: .zero) == nil)
        #expect(checker.check(repliesOfOneSession: 65, snapshots: 7, by: 0, at: .zero)?.rule == .memory)
        #expect(checker.check(repliesOfOneSession: 64, snapshots: 8, by: 0, at: .zero)?.rule == .memory)
    }

    /// K + W instances at four records each, and a little.
    @Test("What waits for a disk is bounded, too")
    func disk() {
        let checker = Self.checker(isDurable: true)
        let records = 4 * (8 + 4) + 16
        #expect(checker.bound(of: .unwrittenRecords) == records)
        #expect(checker.bound(of: .unwrittenRecords, views: 124) == records + 123)
        let sends = records + 4 + 16
        #expect(checker.check(sendsHeld: sends, ordersHeld: 2 * sends, by: 0, at: .zero) == nil)
        #expect(checker.check(sendsHeld: sends + 1, ordersHeld: 0, by: 0, at: .zero)?.rule == .memory)
        #expect(checker.check(sendsHeld: 0, ordersHeld: 2 * sends + 1, by: 0, at: .zero)?.rule == .memory)
    }

    /// Of a window of four: ten batches with a vote each, a lock and a decision.
    @Test("What is written again for a damaged log waits a window at a time")
    func rewriting() {
        let records = 4 * (8 + 4) + 16
        #expect(Self.checker(isLogRewritten: true).bound(of: .unwrittenRecords) == 1 + 4 * (2 * 10 + 2))
        let checker = Self.checker(isDurable: true, isLogRewritten: true)
        #expect(checker.bound(of: .unwrittenRecords) == records + 1 + 4 * (2 * 10 + 2))
        let sends = records + 4 + 16
        #expect(checker.check(sendsHeld: sends + 1, ordersHeld: 0, by: 0, at: .zero)?.rule == .memory)
    }

    @Test("A world looks at what its replicas keep, and stops when it is too much")
    func world() {
        var scenario = Scenarios.calm()
        scenario.memory.writeSetMax = 0
        let report = Simulator.run(scenario)
        #expect(report.violations.count == 1 && report.violations.allSatisfy { $0.hasPrefix("bounded memory") })
    }

    @Test("A client that floods fills what it may, and no more; others are served")
    func flood() {
        for seed in 1...3 as ClosedRange<UInt64> {
            var scenario = Scenarios.calm()
            scenario.seed = seed
            scenario.memory.pendingPerClientMax = 8
            var flooder = ClientPlan()
            flooder.malice = ClientMalice(acts: [.flood])
            flooder.thinkMax = .milliseconds(2)
            scenario.clients.append(flooder)
            scenario.healsAt = .zero + .milliseconds(200)
            scenario.clientsUntil = scenario.healsAt
            let report = Simulator.run(scenario)
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            #expect(report.completedCalls >= 80)
        }
    }
}
