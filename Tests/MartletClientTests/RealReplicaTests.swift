// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletClient
import MartletCrypto
import MartletTypes
import Testing

@Suite(.timeLimit(.minutes(2))) struct RealReplicaTests {
    @Test func `every operation takes effect once, also when the leader is lost`() async throws {
        let group = try await RealGroup()
        try group.start(0..<4)
        let log = CollectedLog()
        let client = try Client(ClientConfiguration(genesis: group.genesis, key: SigningKey(), logger: log.logger))
        client.start()
        let sessions = try (0..<8).map { _ in try client.openSession() }
        var counts = try await run(300, in: sessions)
        try await group.stop(0)
        counts += try await run(300, in: sessions)
        #expect(counts.sorted() == Array(1...600), "\(log.text)")
        #expect(try await sessions[0].read([]) == Bytes("600".utf8))

        let probe = try ClusterProbe(genesis: group.genesis, key: SigningKey())
        let reports = await probe.run(within: .seconds(5))
        #expect(reports.map { $0.status?.leader != nil } == [false, true, true, true])
        #expect(reports.dropFirst().allSatisfy { ($0.status?.leader ?? ReplicaID(0)) != ReplicaID(0) })
        await client.close()
        try await group.stopAll()
    }

    @Test func `a group is used from its first moment, one replica missing`() async throws {
        let group = try await RealGroup()
        let client = try Client(
            ClientConfiguration(genesis: group.genesis, key: SigningKey(), logger: CollectedLog().logger))
        client.start()
        async let counts = run(50, in: [client.openSession(), client.openSession()])
        try group.start([1, 2, 3])
        #expect(try await counts.sorted() == Array(1...50))
        await client.close()
        try await group.stopAll()
    }

    @Test func `two clients with one key do not disturb each other`() async throws {
        let group = try await RealGroup()
        try group.start(0..<4)
        let key = SigningKey()
        var clients: [Client] = []
        var sessions: [ClientSession] = []
        for _ in 0..<2 {
            let client = try Client(
                ClientConfiguration(genesis: group.genesis, key: key, logger: CollectedLog().logger))
            client.start()
            clients.append(client)
            for _ in 0..<3 { sessions.append(try client.openSession()) }
        }
        #expect(try await run(200, in: sessions).sorted() == Array(1...200))
        for client in clients { await client.close() }
        try await group.stopAll()
    }

    @Test func `replicas sign what they have done, and whoever has the genesis sees it`() async throws {
        let group = try await RealGroup()
        try group.start(0..<3)
        let key = SigningKey()
        let client = try Client(ClientConfiguration(genesis: group.genesis, key: key, logger: CollectedLog().logger))
        client.start()
        let session = try client.openSession()
        let found = await session.executeForReceipt([1, 2], deadline: .seconds(30))
        #expect(try found.outcome.get() == Bytes("1".utf8))
        let bytes = try #require(found.receipt).fileBytes()
        let receipt = try Receipt(fileBytes: bytes).checked(against: group.genesis)
        #expect(receipt.client == client.id && receipt.operation == [1, 2] && receipt.result == Bytes("1".utf8))
        #expect(receipt.signers == [0, 1, 2].map { ReplicaID($0) } && receipt.instance > .zero)
        // Many at once, each of its own.
        let receipts = await withTaskGroup(of: ReceiptedOutcome.self) { tasks in
            for number in 0..<60 as Range<UInt8> {
                tasks.addTask { await session.executeForReceipt([number], deadline: .seconds(30)) }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(receipts.compactMap { $0.receipt?.operation }).count == 60)
        for found in receipts { #expect(try found.outcome.get() == found.receipt?.result) }
        // With one more gone nobody is served, and nobody has a receipt.
        try await group.stop(0)
        let late = await session.executeForReceipt([3], deadline: .seconds(2))
        #expect(late.receipt == nil)
        await client.close()
        try await group.stopAll()
    }

    /// Runs so many operations at once and returns what each said.
    private func run(_ count: Int, in sessions: [ClientSession]) async throws -> [Int] {
        try await withThrowingTaskGroup(of: Int?.self) { tasks in
            for number in 0..<count {
                tasks.addTask {
                    let result = try await sessions[number % sessions.count].submit([], deadline: .seconds(30))
                    return Int(String(decoding: result, as: UTF8.self))
                }
            }
            var counts: [Int] = []
            for try await said in tasks { counts.append(said ?? 0) }
            return counts
        }
    }
}
