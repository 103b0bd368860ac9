// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import ServiceLifecycle
import Testing

@testable import MartletReplica

/// Four real replicas on loopback with TLS, and a client that trusts a quorum only.
@Suite(.serialized) struct ReplicaTests {
    private func settings() -> GroupSettings {
        var settings = GroupSettings()
        settings.checkpointPeriod = 8
        settings.window = 4
        return settings
    }

    @Test func writtenTextsAreReadBackOrderedAndUnordered() async throws {
        let group = try await TestGroup()
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let session = try await client.open()
        #expect(try await client.put("a=1", in: session) == "")
        #expect(try await client.put("a=2", in: session) == "1")
        #expect(try await client.read("a") == "2")
        let status = try await client.status(of: ReplicaID(2))
        #expect(status.mode == .voter && status.softwareVersion == SoftwareVersion.current)
        await client.close()
        try await group.stopAll()
        #expect(group.log.contains("connected to 3 of 3 peers") || group.log.contains("3 of 3 peers"))
    }

    @Test func aGroupOfFourStartsWithOneReplicaMissing() async throws {
        let group = try await TestGroup()
        try group.start(1..<4)
        let client = try RawClient(group: group)
        let session = try await client.open()
        #expect(try await client.put("a=1", in: session) == "")
        await client.close()
        try await group.stopAll()
    }

    @Test func theGroupSurvivesItsLeaderWhichVotesAgainLaterAndIsALearnerUntilThen() async throws {
        let group = try await TestGroup(settings: settings())
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...20 { _ = try await client.put("a=\(number)", in: session) }
        try await group.stop(0)
        for number in 21...40 { #expect(try await client.put("a=\(number)", in: session) == "\(number - 1)") }
        #expect(try await client.status(of: ReplicaID(1)).epoch.regency > .first)
        #expect(group.log.contains("leads from now on"))
        try group.start([0])
        let again = try await client.waitForStatus(of: ReplicaID(0)) { $0.mode == .voter }
        #expect(again.executed >= Instance(40) && again.epoch.view == ViewNumber(2))
        #expect(group.log.contains("admitted: this replica votes again, from view 2 on"))
        // Without its vote there is no quorum now.
        try await group.stop(3)
        _ = try await client.put("b=1", in: session)
        try group.start([3])
        _ = try await client.waitForStatus(of: ReplicaID(3)) { $0.mode == .voter }
        // It leads again, and the next time it has to wait for ten seconds.
        try await group.stop(0)
        _ = try await client.put("b=2", in: session)
        try group.start([0])
        let caughtUp = try await client.waitForStatus(of: ReplicaID(0)) { $0.epoch.view == ViewNumber(3) }
        #expect(caughtUp.mode == .learner)
        let before = client.replyCount(of: ReplicaID(0))
        #expect(try await client.put("a=41", in: session) == "40")
        #expect(client.replyCount(of: ReplicaID(0)) == before)
        _ = try await client.waitForStatus(of: ReplicaID(0)) { $0.executed > caughtUp.executed }
        #expect(client.refusals(of: ReplicaID(0)).contains { $0.reason == .notServing })
        await client.close()
        try await group.stopAll()
    }

    @Test func aGracefulShutdownAnswersAndEndsWithoutAnError() async throws {
        let group = try await TestGroup()
        let services = try (0..<4).map { place in
            ServiceGroup(
                services: [try Replica(configuration: group.configuration(place), machine: TextMachine())],
                logger: group.log.logger("service"))
        }
        let running = services.map { service in Task { try await service.run() } }
        let client = try RawClient(group: group)
        let session = try await client.open()
        #expect(try await client.put("a=1", in: session) == "")
        for service in services { await service.triggerGracefulShutdown() }
        for task in running { try await task.value }
        #expect(group.log.lines.count { $0.hasSuffix("stopped") } == 4)
        await client.close()
        try await group.stopAll()
    }

    @Test func aServiceOnItsOwnThreadAnswersAlike() async throws {
        let group = try await TestGroup()
        try group.start(0..<4) { $0.executesOnOwnThread = true }
        let client = try RawClient(group: group)
        let session = try await client.open()
        #expect(try await client.put("a=1", in: session) == "")
        #expect(try await client.read("a") == "1")
        await client.close()
        try await group.stopAll()
    }

    @Test func anAddressThatIsTakenIsAnErrorAndLeavesNoMarker() async throws {
        let group = try await TestGroup()
        try group.start([0])
        let client = try RawClient(group: group)
        _ = try await client.status(of: ReplicaID(0))
        var configuration = group.configuration(1)
        configuration.listenPort = group.genesis.members[0].port
        let replica = try Replica(configuration: configuration, machine: TextMachine())
        await #expect(throws: ReplicaError.self) { try await replica.run() }
        let home = ReplicaHome(
            directory: group.directory + "/1", group: Hashing.group(of: group.genesis), replica: ReplicaID(1))
        #expect(try home.hasVoted() == false)
        await client.close()
        try await group.stopAll()
    }

    @Test func garbageFromOneClientDoesNotDisturbAnother() async throws {
        let group = try await TestGroup()
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let vandal = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...10 {
            vandal.sendGarbage()
            _ = try await client.put("a=\(number)", in: session)
        }
        #expect(try await client.read("a") == "10")
        await vandal.close()
        await client.close()
        try await group.stopAll()
    }

    /// It used to be refused here and there, so that leaders proposed what others lacked and were replaced for it.
    @Test func aClientThatSendsMoreThanIsKeptIsReadMoreSlowlyAndLosesNothing() async throws {
        let group = try await TestGroup()
        try group.start(0..<4)
        let client = try RawClient(group: group)
        // What one session may have under way, of many sessions.
        var sessions: [SessionID] = []
        for _ in 0..<100 { sessions.append(try await client.open()) }
        for sequence in 1...100 as ClosedRange<UInt64> {
            client.send(sessions.map { client.request(sequence, in: $0, "a=\(sequence)", repliesKeptFrom: 1) })
        }
        for round in 1...600 where client.unansweredCount > 0 {
            client.sendAgain(isAll: round.isMultiple(of: 50))
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(client.unansweredCount == 0)
        for place in 0..<4 {
            // Whoever is asked to sign is read from, however much waits.
            let refusals = client.refusals(of: ReplicaID(UInt16(place)))
            if !refusals.contains(where: { $0.reason == .signatureRequired }) { #expect(refusals.isEmpty) }
        }
        await client.close()
        try await group.stopAll()
    }

    @Test func aClientThatIsRefusedOftenIsReadMoreSlowly() async throws {
        let group = try await TestGroup()
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let vandal = try RawClient(group: group)
        let session = try await client.open()
        _ = try await client.put("a=1", in: session)
        _ = try await vandal.status(of: ReplicaID(1))
        let clock = ContinuousClock()
        let start = clock.now
        // That session is the other client's.
        for first in stride(from: 1, to: 5_001, by: 500) as StrideTo<UInt64> {
            vandal.send((first..<first + 500).map { vandal.request($0, in: session, "a=2") })
        }
        #expect(try await client.put("a=3", in: session) == "1")
        _ = try await vandal.status(of: ReplicaID(1))
        #expect(clock.now - start >= .milliseconds(300))
        let refused = vandal.refusals(of: ReplicaID(1)).count
        #expect(refused == 5_000)
        await vandal.close()
        await client.close()
        try await group.stopAll()
    }

    @Test func aReplicaRefusesAKeyOrAHomeThatIsNotItsOwn() async throws {
        let group = try await TestGroup()
        var configuration = group.configuration(0)
        configuration.key = group.keys[1]
        #expect(throws: ReplicaError.self) {
            try Replica(configuration: configuration, machine: TextMachine())
        }
        let hash = Hashing.group(of: group.genesis)
        let home = group.directory + "/0"
        try ReplicaHome(directory: home, group: hash, replica: ReplicaID(0)).markVoted()
        #expect(try ReplicaHome(directory: home, group: hash, replica: ReplicaID(0)).hasVoted())
        #expect(throws: ReplicaError.self) {
            try ReplicaHome(directory: home, group: hash, replica: ReplicaID(1)).hasVoted()
        }
        #expect(throws: ReplicaError.self) {
            try ReplicaHome(directory: home, group: .zero, replica: ReplicaID(0)).hasVoted()
        }
        try await group.stopAll()
    }
}
