// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletCrypto
import MartletTypes
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ClientTests {
    @Test func `an operation's result comes with the replicas that agree on it`() async throws {
        try await withClient(up: 0..<4) { _, client in
            let session = try client.openSession()
            guard case .result(let result, let certificate) = await session.execute([1, 2, 3]) else {
                Issue.record("no result")
                return
            }
            #expect(result == [3, 2, 1])
            #expect(certificate.replicas.count >= 3)
            #expect(certificate.view == .genesis)
            #expect(certificate.basis == .final)
        }
    }

    @Test func `calls made before any replica is up are answered when enough are`() async throws {
        let log = CollectedLog()
        try await withClient(up: [], log: log, configure: { $0.warnAfter = .milliseconds(100) }) { group, client in
            let session = try client.openSession()
            async let result = session.submit([1, 2])
            #expect(try await waitUntil { log.contains("1 call waits", "replica 2 at 127.", "not connected") })
            try await group.start([0, 2])
            #expect(
                try await waitUntil {
                    log.contains("replica 0 is connected but does not answer")
                        || log.contains("do not agree yet") || log.contains("replica 3 at", "not connected")
                })
            try await group.start([3])
            #expect(try await result == [2, 1])
            #expect(try await waitUntil { log.contains("the group answers again") })
        }
    }

    @Test func `without any replica a call fails for sure at its deadline`() async throws {
        try await withClient(up: []) { _, client in
            let session = try client.openSession()
            #expect(await session.execute([1], deadline: .milliseconds(200)) == .failed(.neverSent))
            #expect(await session.executeRead([1], deadline: .milliseconds(200)) == .failed(.neverSent))
            await #expect(throws: ClientError.failed(.neverSent)) {
                try await session.submit([1], deadline: .milliseconds(50))
            }
        }
    }

    @Test func `with too few replicas an operation that was sent is unknown at its deadline`() async throws {
        let log = CollectedLog()
        try await withClient(up: 0..<4, log: log, configure: { $0.warnAfter = .milliseconds(100) }) { group, client in
            let session = try client.openSession()
            #expect(try await session.submit([1]) == [1])
            group.setManners(of: [1, 2]) { $0.isSilent = true }
            #expect(await session.execute([1], deadline: .milliseconds(500)) == .unknown(.deadline))
            #expect(
                log.contains("replica 1 is connected but does not answer", "replica 2 is connected"), "\(log.text)")
            #expect(await session.executeRead([1], deadline: .milliseconds(200)) == .failed(.readUnanswered))
        }
    }

    @Test func `one lying replica changes nothing`() async throws {
        try await withClient(up: 0..<4) { group, client in
            group.setManners(of: [2]) { $0.lies = true }
            let session = try client.openSession()
            for byte in 0..<20 as Range<UInt8> {
                #expect(try await session.submit([byte, 1]) == [1, byte])
                #expect(try await session.read([byte, 2]) == [2, byte])
            }
        }
    }

    @Test func `reads are unordered where versions match, and ordered where they do not`() async throws {
        try await withClient(up: 0..<4) { group, client in
            let session = try client.openSession()
            #expect(try await session.submit([1]) == [1])
            // On a busy machine a single read may be too slow and go the long way.
            var wasUnordered = false
            for _ in 0..<20 where !wasUnordered {
                guard case .result(let result, let certificate) = await session.executeRead([4, 5]) else { break }
                #expect(result == [5, 4])
                if case .read = certificate.basis { wasUnordered = true }
            }
            #expect(wasUnordered)
            for place in 0..<4 { group.setManners(of: [place]) { $0.readVersion = UInt64(place) } }
            guard case .result(let result, let certificate) = await session.executeRead([6, 7]) else {
                Issue.record("no result")
                return
            }
            #expect(result == [7, 6])
            #expect(certificate.basis == .final)
        }
    }

    @Test func `many at once are all answered, in few writes`() async throws {
        try await withClient(up: 0..<4) { group, client in
            let sessions = try (0..<10).map { _ in try client.openSession() }
            try await withThrowingTaskGroup { tasks in
                for number in 0..<2_000 {
                    tasks.addTask {
                        let payload = Bytes("\(number)".utf8)
                        let result = try await sessions[number % 10].submit(payload)
                        #expect(result == payload.reversed())
                    }
                }
                try await tasks.waitForAll()
            }
            #expect(group.executedCount == 2_000)
            #expect(group.frameCount < 4 * 1_000, "\(group.frameCount) frames")
        }
    }

    @Test func `completions can hand in the next call`() async throws {
        try await withClient(up: 0..<4) { _, client in
            let sessions = try (0..<20).map { _ in try client.openSession() }
            await withTaskGroup(of: Bool.self) { tasks in
                for session in sessions {
                    tasks.addTask {
                        await withCheckedContinuation { continuation in
                            ClosedLoop(session, rounds: 50) { continuation.resume(returning: $0) }.next()
                        }
                    }
                }
                for await isRight in tasks { #expect(isRight) }
            }
        }
    }

    @Test func `lost connections cost no call`() async throws {
        try await withClient(up: 0..<4) { group, client in
            let session = try client.openSession()
            for round in 0..<12 {
                async let result = session.submit([UInt8(round), 7])
                group.cutConnections(of: round % 4)
                group.cutConnections(of: (round + 1) % 4)
                #expect(try await result == [7, UInt8(round)])
            }
            #expect(group.executedCount == 12)
        }
    }

    @Test func `requests are signed when the group asks for it`() async throws {
        try await withClient(up: 0..<4) { group, client in
            let session = try client.openSession()
            #expect(try await session.submit([1, 2]) == [2, 1])
            #expect(group.signedRequestCount == 0)
            group.setManners(of: 0..<4) { $0.wantsSignatures = true }
            #expect(try await session.submit([1, 3]) == [3, 1])
            #expect(group.signedRequestCount >= 3)
            try await withThrowingTaskGroup { tasks in
                for byte in 0..<100 as Range<UInt8> {
                    tasks.addTask {
                        let result = try await session.submit([byte, 9])
                        #expect(result == [9, byte])
                    }
                }
                try await tasks.waitForAll()
            }
            #expect(group.badSignatureCount == 0)
        }
    }

    @Test func `a client that always signs is served, too`() async throws {
        try await withClient(up: 0..<4, configure: { $0.signsRequests = true }) { group, client in
            group.setManners(of: 0..<4) { $0.wantsSignatures = true }
            let session = try client.openSession()
            #expect(try await session.submit([1, 2]) == [2, 1])
            #expect(group.badSignatureCount == 0)
        }
    }

    @Test func `a client that the group does not serve is told so at once`() async throws {
        let log = CollectedLog()
        let group = try await FakeGroup()
        group.setManners(of: 0..<4) { $0.deniesAccess = true }
        try await group.start(0..<4)
        let client = try Client(ClientConfiguration(genesis: group.genesis, key: SigningKey(), logger: log.logger))
        client.start()
        let session = try client.openSession()
        #expect(await session.execute([1]) == .failed(.accessDenied))
        #expect(log.contains("warning", "refused: the group does not serve this client"))
        await client.close()
        await group.stopAll()
    }

    @Test func `closing ends every call`() async throws {
        try await withClient(up: 0..<4) { group, client in
            let session = try client.openSession()
            #expect(try await session.submit([1]) == [1])
            group.setManners(of: 0..<4) { $0.isSilent = true }
            async let sent = session.execute([2])
            let frames = group.frameCount
            #expect(try await waitUntil { group.frameCount > frames })
            await client.close()
            #expect(await sent == .unknown(.closed))
            #expect(await session.execute([3]) == .failed(.closed))
            await client.close()
        }
    }

    @Test func `a cancelled task stops waiting`() async throws {
        try await withClient(up: []) { _, client in
            let session = try client.openSession()
            let task = Task { await session.execute([1]) }
            let read = Task { await session.executeRead([1]) }
            try await Task.sleep(for: .milliseconds(20))
            task.cancel()
            read.cancel()
            #expect(await task.value == .unknown(.cancelled))
            #expect(await read.value == .failed(.readUnanswered))
        }
    }

    @Test func `running ends with its task`() async throws {
        let group = try await FakeGroup()
        try await group.start(0..<4)
        let client = try Client(
            ClientConfiguration(genesis: group.genesis, key: SigningKey(), logger: CollectedLog().logger))
        let task = Task { await client.run() }
        let session = try client.openSession()
        #expect(try await session.submit([1, 2]) == [2, 1])
        task.cancel()
        await task.value
        #expect(await session.execute([1]) == .failed(.closed))
        await group.stopAll()
    }

    @Test func `sessions are bounded, and used again when nobody refers to them`() async throws {
        var settings = GroupSettings()
        settings.sessionsPerClientMax = 2
        try await withClient(up: 0..<4, settings: settings) { group, client in
            let kept = try client.openSession()
            do {
                let second = try client.openSession()
                #expect(throws: ClientError.tooManySessions(max: 2)) { try client.openSession() }
                #expect(try await second.submit([1, 2]) == [2, 1])
            }
            let third = try client.openSession()
            #expect(try await third.submit([3, 4]) == [4, 3])
            #expect(try await kept.submit([5, 6]) == [6, 5])
        }
    }

    @Test func `a client that nobody refers to lets go of its connections`() async throws {
        let group = try await FakeGroup()
        try await group.start(0..<4)
        weak var gone: Client?
        do {
            let client = try Client(
                ClientConfiguration(genesis: group.genesis, key: SigningKey(), logger: CollectedLog().logger))
            client.start()
            #expect(try await client.openSession().submit([1]) == [1])
            gone = client
        }
        #expect(try await waitUntil { gone == nil && group.connectionCount == 0 })
        await group.stopAll()
    }
}

/// One session that hands in its next operation when it has the result of the one before.
private final class ClosedLoop: Sendable {
    private let session: ClientSession
    private let rounds: Int
    private let done: @Sendable (Bool) -> Void
    private let state = Mutex((round: 0, isRight: true))

    init(_ session: ClientSession, rounds: Int, done: @escaping @Sendable (Bool) -> Void) {
        self.session = session
        self.rounds = rounds
        self.done = done
    }

    func next() {
        let (round, isRight) = state.withLock { $0 }
        guard round < rounds else { return done(isRight) }
        session.submit([UInt8(round), 1]) { [self] outcome in
            var isRight = false
            if case .result(let result, _) = outcome { isRight = result == [1, UInt8(round)] }
            state.withLock { $0 = (round + 1, $0.isRight && isRight) }
            next()
        }
    }
}
