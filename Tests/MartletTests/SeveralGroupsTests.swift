// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Martlet
import Synchronization
import Testing

/// Two groups of four in one process: other services, other settings, other fault models, one on the disk and one in memory.
@Suite(.timeLimit(.minutes(4))) struct SeveralGroupsTests {
    private let directory = FileManager.default.temporaryDirectory.path + "/martlet-groups-\(UUID().uuidString)"

    private func tally() async throws -> EmbeddedGroup<Tally> {
        var settings = GroupSettings()
        settings.isDurable = true
        settings.window = 4
        settings.checkpointPeriod = 16
        return try await EmbeddedGroup(
            "tally", Tally(), faultModel: .byzantine, heavy: 2, settings: settings, in: directory)
    }

    private func notice() async throws -> EmbeddedGroup<Notice> {
        var settings = GroupSettings()
        settings.batchRequestsMax = 8
        settings.checkpointPeriod = 64
        settings.hasUnorderedReads = false
        return try await EmbeddedGroup(
            "notice", Notice(), faultModel: .crash, heavy: 1, settings: settings, in: directory)
    }

    /// Writes its words again and again, and sees that nobody else's come between, until it is stopped.
    private final class Writer: Sendable {
        private let session: ClientSession
        private let isStopped = Atomic(false)
        private let counted = Atomic(0)

        init(_ client: Client) throws { session = try client.openSession() }

        var count: Int { counted.load(ordering: .relaxed) }
        func stop() { isStopped.store(true, ordering: .relaxed) }

        func run() async throws {
            var last: Bytes = []
            var number = 0
            while !isStopped.load(ordering: .relaxed) {
                number += 1
                let words = Bytes("word \(number)".utf8)
                #expect(try await session.submit(words) == last)
                last = words
                counted.wrappingAdd(1, ordering: .relaxed)
                try await Task.sleep(for: .milliseconds(2))
            }
            #expect(try await session.read([]) == last)
        }

        /// Returns when it has been answered so often more.
        func wait(for more: Int) async throws {
            let enough = count + more
            while count < enough { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    private func add(_ count: Int, in session: ClientSession, to sum: inout Int) async throws {
        for _ in 0..<count {
            sum += 3
            #expect(try await session.submit(Bytes("3".utf8)) == Bytes("\(sum)".utf8))
        }
    }

    @Test func `two groups in one process know nothing of each other`() async throws {
        let (tally, notice) = (try await tally(), try await notice())
        defer {
            do {
                try FileManager.default.removeItem(atPath: directory)
            } catch {
                print("left behind: \(directory)")
            }
        }
        try tally.start(0..<4)
        try notice.start(0..<4)
        // To both groups the same client.
        let key = SigningKey()
        let (adding, writing) = (try tally.client(key), try notice.client(key))
        let writer = try Writer(writing)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await writer.run() }
            defer { writer.stop() }
            try await useTally(tally, adding, beside: writer)
            await adding.close()
            try await tally.stopAll()
            // The end of one group is none of the other's business.
            try await writer.wait(for: 50)
            writer.stop()
            try await tasks.waitForAll()
        }
        try await refused(tally, byThoseOf: notice, key)
        await writing.close()
        try await notice.stopAll()
        try nothingIsLeft(of: tally, "notice")
        try nothingIsLeft(of: notice, "tally")
    }

    /// One replica is closed and started again; another one is closed then, so that the first one's vote is needed.
    private func useTally(_ tally: EmbeddedGroup<Tally>, _ client: Client, beside writer: Writer) async throws {
        let session = try client.openSession()
        var sum = 0
        try await add(60, in: session, to: &sum)
        try await tally.stop(1)
        try await writer.wait(for: 20)
        try await add(60, in: session, to: &sum)
        try tally.start([1])
        try await writer.wait(for: 20)
        try await add(60, in: session, to: &sum)
        try await tally.stop(3)
        try await add(60, in: session, to: &sum)
        #expect(try await session.read([]) == Bytes("\(sum)".utf8))
        try await writer.wait(for: 20)
    }

    /// Replicas of one group at the addresses of the other's serve nobody who means the other.
    private func refused(
        _ tally: EmbeddedGroup<Tally>, byThoseOf notice: EmbeddedGroup<Notice>, _ key: SigningKey
    ) async throws {
        let (mine, theirs) = (tally.genesis, notice.genesis)
        let mixed = try Genesis(
            name: mine.name, faultModel: mine.faultModel, f: mine.f,
            members: zip(theirs.members, mine.members).map { there, here in
                Member(id: there.id, key: there.key, host: there.host, port: there.port, isHeavy: here.isHeavy)
            },
            administrators: [], administratorsNeeded: 0, clientAccess: .open, settings: mine.settings)
        let client = try tally.client(key, of: mixed)
        await #expect(throws: ClientError.failed(.neverSent)) {
            try await client.openSession().submit(Bytes("3".utf8), deadline: .seconds(2))
        }
        await client.close()
        #expect(tally.log.lines.contains { $0.contains("it belongs to another group") })
    }

    private func nothingIsLeft<Machine>(of group: EmbeddedGroup<Machine>, _ other: String) throws {
        #expect(try group.openFiles().isEmpty)
        #expect(group.replicasLeftInMemory == 0)
        #expect(!group.log.lines.contains { $0.contains(other) })
        #expect(group.log.lines.contains { $0.contains("of group \(group.genesis.name)") })
    }

    /// As if they had never been: at the same addresses, in the same homes, as the same replicas.
    @Test func `a group that was stopped is started again in the same process`() async throws {
        let tally = try await tally()
        defer {
            do {
                try FileManager.default.removeItem(atPath: directory)
            } catch {
                print("left behind: \(directory)")
            }
        }
        var sum = 0
        for round in 1...3 {
            try tally.start(0..<4)
            let client = try tally.client(SigningKey())
            try await add(30, in: try client.openSession(), to: &sum)
            await client.close()
            try await tally.stopAll()
            #expect(try tally.openFiles().isEmpty, "in round \(round)")
        }
        #expect(tally.replicasLeftInMemory == 0)
    }
}
