// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletTransport

@Suite(.timeLimit(.minutes(1))) struct TrafficTests {
    @Test(
        "frames of many sizes arrive whole and in order, both ways",
        arguments: [TransportSecurity.tls, .plaintextForBenchmarks])
    func sizes(security: TransportSecurity) async throws {
        var configuration = TransportConfiguration()
        configuration.security = security
        let server = try await TestServer(configuration)
        let link = try TestLink(to: server.port, configuration)
        let connection = await server.opened.wait(forCount: 1)[0]
        let sizes = Array(1...300) + [1023, 1024, 16_383, 16_384, 16_385, 65_535, 65_536, 1 << 20, 3 << 20, 1]
        let frames = patternedFrames(sizes)
        for frame in frames.prefix(100) { #expect(link.link.send([frame])) }
        #expect(link.link.send(frames.dropFirst(100)))
        #expect(connection.send(frames))
        #expect(await server.frames.wait(forCount: frames.count) == frames)
        #expect(await link.frames.wait(forCount: frames.count) == frames)
        let total = UInt64(frames.reduce(0) { $0 + $1.count + 4 })
        #expect(link.link.statistics.framesSent == UInt64(frames.count))
        #expect(link.link.statistics.bytesSent == total)
        #expect(connection.statistics.bytesSent == total)
        await link.link.close()
        await server.listener.close()
    }

    @Test("what is sent from many threads arrives, in order for each of them")
    func threads() async throws {
        let server = try await TestServer()
        let link = try TestLink(to: server.port)
        await link.states.wait(for: TestLink.connected)
        await withTaskGroup(of: Void.self) { group in
            for sender in UInt8(0)..<4 {
                group.addTask {
                    for number in UInt8(0)..<250 { link.link.send([[sender, number], [sender, number, 1]]) }
                }
            }
        }
        let frames = await server.frames.wait(forCount: 2000)
        for sender in UInt8(0)..<4 {
            let expected: [Bytes] = (UInt8(0)..<250).flatMap { number -> [Bytes] in
                [[sender, number], [sender, number, 1]]
            }
            #expect(frames.filter { $0[0] == sender } == expected)
        }
        await link.link.close()
        await server.listener.close()
    }

    @Test("closing sends what is queued first, from either end")
    func gracefulClose() async throws {
        // Megabytes take their time on a busy machine, and how long closing may take is no part of this.
        var configuration = TransportConfiguration()
        configuration.closeTimeMax = .seconds(60)
        let server = try await TestServer(configuration)
        let link = try TestLink(to: server.port, configuration)
        let connection = await server.opened.wait(forCount: 1)[0]
        await link.states.wait(for: TestLink.connected)
        let frames = patternedFrames(Array(repeating: 100_000, count: 50))
        connection.send(frames)
        connection.close()
        #expect(!connection.send([[1]]))
        #expect(await link.frames.wait(forCount: 50) == frames)
        #expect(await server.ended.wait(forCount: 1) == [.closedHere])
        await server.opened.wait(forCount: 2)
        await link.states.wait { $0.count >= 3 }
        link.link.send(frames)
        await link.link.close()
        #expect(await server.frames.wait(forCount: 50) == frames)
        #expect(!link.link.send([[1]]))
        await server.listener.close()
        #expect(server.listener.connectionCounts == (0, 0, 0))
    }

    @Test("what is sent before the connection stands is kept, the newest first of all")
    func early() async throws {
        var configuration = TransportConfiguration()
        configuration.unreachableQueueBytesMax = 1024
        let server = try await TestServer(configuration)
        let port = server.port
        await server.listener.close()
        let link = try TestLink(to: port, configuration)
        await link.states.wait { !$0.isEmpty }
        for number in UInt8(0)..<200 { #expect(link.link.send([Bytes(repeating: number, count: 96)])) }
        #expect(link.link.queuedBytes <= 1024)
        let again = try await TestServer(configuration, port: port)
        let frames = await again.frames.wait { $0.last?.first == 199 }
        #expect(frames.count <= 10)
        #expect(frames.map { $0[0] } == (0..<frames.count).map { UInt8(200 - frames.count + $0) })
        #expect(link.link.statistics.framesDropped == UInt64(200 - frames.count))
        await link.link.close()
        await again.listener.close()
    }
}
