// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletCrypto
import MartletTypes
import Testing

/// Real links, TLS and proofs of views; of the replicas only 0 to 3 are in the client's genesis.
@Suite(.timeLimit(.minutes(2))) struct MembershipTests {
    private func linked(_ client: Client) async -> [UInt16] { await client.linkStates().map(\.member.id.rawValue) }

    @Test func `a client goes along from one set of members to a wholly other one, and each call is done once`()
        async throws
    {
        let log = CollectedLog()
        try await withClient(up: 0..<9, count: 9, log: log) { group, client in
            let sessions = try (0..<4).map { _ in try client.openSession() }
            try await withThrowingTaskGroup { tasks in
                for number in 0..<400 {
                    tasks.addTask {
                        try await Task.sleep(for: .milliseconds(number))
                        let payload = Bytes("\(number)".utf8)
                        let session = sessions[number % 4]
                        if number.isMultiple(of: 3) {
                            #expect(try await session.read(payload) == payload.reversed())
                        } else {
                            #expect(try await session.submit(payload) == payload.reversed())
                        }
                    }
                }
                for places in [
                    [1, 2, 3, 4], [4, 3, 2, 5], [2, 3, 4, 5, 6, 7, 8], [8, 4, 5, 6, 7, 3, 2], [5, 6, 7, 8],
                ] {
                    try await Task.sleep(for: .milliseconds(60))
                    try group.change(to: places)
                    group.setManners(of: Set(0..<9).subtracting(places)) { $0.lies = true }
                    group.setManners(of: places) { $0.lies = false }
                }
                try await tasks.waitForAll()
            }
            let writes = (0..<400).count { !$0.isMultiple(of: 3) }
            // Reads may have been ordered on the way.
            #expect((writes...400).contains(group.executedCount), "\(group.executedCount)\n\(log.text)")
            #expect(await linked(client) == [5, 6, 7, 8])
            #expect(
                log.contains("replica 5 at 127.", "has become a member") && log.contains("replica 0 has left the group")
            )
            #expect(try await waitUntil { (0..<5).allSatisfy { group.connectionCount(of: $0) == 0 } })
        }
    }

    @Test func `an operation in flight is answered by members that its client had never heard of`() async throws {
        try await withClient(up: 0..<8, count: 9) { group, client in
            let session = try client.openSession()
            #expect(try await session.submit([1]) == [1])
            group.setManners(of: 0..<4) { $0.isSilent = true }
            async let result = session.submit([1, 2, 3])
            try await Task.sleep(for: .milliseconds(100))
            try group.change(to: [4, 5, 6, 7])
            #expect(try await result == [3, 2, 1])
            #expect(group.executedCount == 2)
        }
    }

    @Test func `through a hundred views leads the only replica of the genesis that still answers`() async throws {
        try await withClient(up: [2, 5, 6, 7], count: 8) { group, client in
            // A client that begins when all has happened.
            await client.close()
            for round in 0..<96 { try group.change(to: [[0, 1, 2, 3], [1, 0, 2, 3]][round % 2], isTold: false) }
            for places in [[4, 1, 2, 3], [4, 5, 2, 3], [4, 5, 6, 3], [4, 5, 6, 7]] {
                try group.change(to: places, isTold: false)
            }
            #expect(group.newest.number == ViewNumber(101))
            let late = try Client(
                ClientConfiguration(genesis: group.genesis, key: SigningKey(), logger: CollectedLog().logger))
            late.start()
            #expect(try await late.openSession().submit([4, 2], deadline: .seconds(60)) == [2, 4])
            #expect(await linked(late) == [4, 5, 6, 7])
            await late.close()
        }
    }

    @Test func `a probe asks the members and learners of the newest view, and nobody else`() async throws {
        try await withClient(up: [2, 4, 5, 6, 7], count: 9) { group, client in
            await client.close()
            for round in 0..<70 { try group.change(to: [[0, 1, 2, 3], [1, 0, 2, 3]][round % 2], isTold: false) }
            try group.change(to: [4, 5, 6, 8], learners: [7], isTold: false)
            let probe = try ClusterProbe(genesis: group.genesis, key: SigningKey())
            var reports = await probe.run(within: .seconds(2))
            for _ in 0..<10 where reports.count(where: { $0.status != nil }) < 4 {
                reports = await probe.run(within: .seconds(2))
            }
            #expect(probe.newestView == group.newest && probe.views.count == 72)
            #expect(reports.map(\.member.id.rawValue) == [4, 5, 6, 8, 7])
            #expect(reports.map { $0.status != nil } == [true, true, true, false, true])
            #expect(reports[4].status?.mode == .learner)
        }
    }

    @Test func `an idle client that has missed a view follows all the same`() async throws {
        let log = CollectedLog()
        try await withClient(up: 0..<6, count: 6, log: log) { group, client in
            let session = try client.openSession()
            #expect(try await session.submit([1]) == [1])
            try group.change(to: [1, 0, 2, 3], isTold: false)
            try group.change(to: [1, 2, 4, 5])
            for _ in 0..<500 where await linked(client) != [1, 2, 4, 5] {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(await linked(client) == [1, 2, 4, 5])
            #expect(!log.contains("sent what is no reply"), "\(log.text)")
        }
    }

    // MARK: When nobody of the genesis is left

    private func contact(_ member: Member) -> Contact {
        Contact(host: member.host, port: member.port)
    }

    private func client(
        of group: FakeGroup, _ log: CollectedLog, via: [Contact] = []
    ) throws -> Client {
        var configuration = ClientConfiguration(genesis: group.genesis, key: SigningKey(), logger: log.logger)
        configuration.warnAfter = .milliseconds(300)
        configuration.via = via
        let client = try Client(configuration)
        client.start()
        return client
    }

    @Test func `a client that knows nobody who is there says so, and is led by one who is named to it`() async throws {
        try await withClient(up: 4..<8, count: 8) { group, first in
            await first.close()
            // More than is told at once.
            for round in 0..<130 { try group.change(to: [[0, 1, 2, 3], [1, 0, 2, 3]][round % 2], isTold: false) }
            try group.change(to: [4, 5, 6, 7], isTold: false)
            let log = CollectedLog()
            let lost = try client(of: group, log)
            await #expect(throws: ClientError.failed(.neverSent)) {
                try await lost.openSession().submit([1], deadline: .seconds(2))
            }
            #expect(log.contains("--via HOST:PORT"), "\(log.text)")
            await lost.close()

            let led = try client(of: group, CollectedLog(), via: [contact(group.newest.members[2])])
            #expect(try await led.openSession().submit([4, 2], deadline: .seconds(60)) == [2, 4])
            #expect(await linked(led) == [4, 5, 6, 7])
            await led.close()
            // All connections end with the client, those to guides too.
            #expect(try await waitUntil { (4..<8).allSatisfy { group.connectionCount(of: $0) == 0 } })
        }
    }

    @Test func `whoever is named and is of another group, or is not there, leads nobody astray`() async throws {
        let other = try await FakeGroup()
        try await other.start(0..<4)
        try await withClient(up: 4..<8, count: 9) { group, first in
            await first.close()
            try group.change(to: [4, 5, 6, 7], isTold: false)
            let absent = Contact(host: "127.0.0.1", port: 1)
            let via = [contact(other.view.members[0]), absent, contact(group.newest.members[0])]
            let led = try client(of: group, CollectedLog(), via: via)
            #expect(try await led.openSession().submit([4, 2], deadline: .seconds(60)) == [2, 4])
            await led.close()

            let lost = try ClusterProbe(genesis: group.genesis, key: SigningKey(), via: Array(via.prefix(2)))
            #expect(await lost.run(within: .seconds(2)).allSatisfy { $0.status == nil })
            #expect(lost.newestView == group.view)
            let probe = try ClusterProbe(genesis: group.genesis, key: SigningKey(), via: via)
            var reports = await probe.run(within: .seconds(2))
            for _ in 0..<10 where !reports.allSatisfy({ $0.status != nil }) {
                reports = await probe.run(within: .seconds(2))
            }
            #expect(reports.map(\.member.id.rawValue) == [4, 5, 6, 7])
            #expect(reports.allSatisfy { $0.status != nil })
        }
        await other.stopAll()
    }

    /// None is waited for that has nothing new to tell since the others were quicker.
    @Test func `a probe led by all ends when all have told`() async throws {
        try await withClient(up: 4..<8, count: 8) { group, first in
            await first.close()
            for round in 0..<130 { try group.change(to: [[0, 1, 2, 3], [1, 0, 2, 3]][round % 2], isTold: false) }
            try group.change(to: [4, 5, 6, 7], isTold: false)
            for _ in 0..<5 {
                let probe = try ClusterProbe(
                    genesis: group.genesis, key: SigningKey(), via: group.newest.members.map(contact))
                let start = ContinuousClock.now
                let reports = await probe.run(within: .seconds(40))
                #expect(reports.allSatisfy { $0.status != nil })
                #expect(ContinuousClock.now - start < .seconds(30))
            }
        }
    }

    @Test func `no more may be named than can be asked`() async throws {
        let group = try await FakeGroup()
        var configuration = ClientConfiguration(
            genesis: group.genesis, key: SigningKey(), logger: CollectedLog().logger)
        configuration.via = (1...65).map { .init(host: "127.0.0.1", port: $0) }
        #expect(throws: ClientError.invalidConfiguration("at most 64 addresses can be asked, not 65")) {
            _ = try Client(configuration)
        }
    }
}
