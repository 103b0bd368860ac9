// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

@testable import MartletTransport

@Suite(.timeLimit(.minutes(1))) struct BackPressureTests {
    private let chunk = Bytes(repeating: 1, count: 64 << 10)

    @Test("a client that does not read is closed once too much waits for it")
    func slowClient() async throws {
        var configuration = TransportConfiguration()
        configuration.clientQueueBytesMax = 1 << 20
        let server = try await TestServer(configuration)
        let good = try TestLink(to: server.port, configuration)
        let goodConnection = await server.opened.wait(forCount: 1)[0]
        let slow = try TestLink(to: server.port, configuration, key: 3)
        let connection = await server.opened.wait(forCount: 2)[1]
        slow.link.pauseReading()
        var sent = 0
        // The operating system takes some megabytes; then the queue fills, then the connection ends.
        while connection.send([chunk]) {
            sent += 1
            #expect(connection.queuedBytes <= 1 << 20)
            try #require(sent < 10_000)
        }
        #expect(await server.ended.wait(forCount: 1) == [.queueFull])
        #expect(!connection.send([chunk]))
        goodConnection.send([[5]])
        #expect(await good.frames.wait(forCount: 1) == [[5]])
        await slow.link.close()
        await good.link.close()
        await server.listener.close()
    }

    @Test("a replica that does not read loses frames, which are counted, and gets the rest when it reads again")
    func slowReplica() async throws {
        var configuration = TransportConfiguration()
        configuration.replicaQueueBytesMax = 1 << 20
        let server = try await TestServer(configuration)
        let link = try TestLink(to: server.port, configuration)
        let connection = await server.opened.wait(forCount: 1)[0]
        await link.states.wait(for: TestLink.connected)
        connection.pauseReading()
        var taken = 0
        while link.link.send([chunk]) {
            taken += 1
            try #require(taken < 10_000)
        }
        // The system may still take some of what is queued, so room for more can appear.
        while link.link.send([chunk, chunk]) {
            taken += 2
            try #require(taken < 10_000)
        }
        #expect(link.link.queuedBytes <= 1 << 20)
        #expect(link.link.statistics.framesDropped == 3)
        connection.resumeReading()
        await server.frames.wait(forCount: taken)
        #expect(link.link.send([[2]]))
        #expect(await server.frames.wait(forCount: taken + 1).last == [2])
        #expect(link.states.values == [TestLink.connected])
        await link.link.close()
        await server.listener.close()
    }

    @Test("a frame longer than the whole bound travels when nothing else waits")
    func longFrame() async throws {
        var configuration = TransportConfiguration()
        configuration.replicaQueueBytesMax = 1024
        let server = try await TestServer(configuration)
        let link = try TestLink(to: server.port, configuration)
        await link.states.wait(for: TestLink.connected)
        #expect(link.link.send([chunk]))
        #expect(await server.frames.wait(forCount: 1) == [chunk])
        await link.link.close()
        await server.listener.close()
    }

    @Test("closing does not wait for a peer that does not read")
    func closeSlow() async throws {
        var configuration = TransportConfiguration()
        configuration.closeTimeMax = .milliseconds(200)
        configuration.clientQueueBytesMax = 32 << 20
        let server = try await TestServer(configuration)
        let link = try TestLink(to: server.port)
        let connection = await server.opened.wait(forCount: 1)[0]
        link.link.pauseReading()
        for _ in 0..<400 { connection.send([chunk]) }
        let clock = ContinuousClock()
        let start = clock.now
        await server.listener.close()
        // Far below what the peer's silence would take, far above what a busy machine needs.
        #expect(clock.now - start < .seconds(30))
        await link.link.close()
    }

    @Test("a connection is read again only when every reason not to is gone")
    func severalPauses() async throws {
        let server = try await TestServer(TransportConfiguration())
        let link = try TestLink(to: server.port, TransportConfiguration())
        let connection = await server.opened.wait(forCount: 1)[0]
        await link.states.wait(for: TestLink.connected)
        let clock = ContinuousClock()
        let start = clock.now
        connection.pauseReading(for: .milliseconds(200), within: .seconds(9))
        connection.pauseReading()
        connection.pauseReading(for: .milliseconds(200), within: .seconds(9))
        connection.resumeReading()
        // What comes back after it shows that all of that was done.
        connection.send([[7]])
        await link.frames.wait(forCount: 1)
        #expect(link.link.send([[1]]))
        #expect(await server.frames.wait(forCount: 1) == [[1]])
        #expect(clock.now - start >= .milliseconds(400))
        await link.link.close()
        await server.listener.close()
    }
}
