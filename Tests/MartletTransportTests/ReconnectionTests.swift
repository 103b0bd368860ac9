// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import NIOPosix
import Testing

@testable import MartletTransport

@Suite(.timeLimit(.minutes(1))) struct ReconnectionTests {
    @Test("a link comes back when its listener does, at the same port")
    func restart() async throws {
        var configuration = TransportConfiguration()
        configuration.backOffMax = .milliseconds(200)
        var server = try await TestServer(configuration)
        let port = server.port
        let link = try TestLink(to: port, configuration)
        for round in UInt8(1)...3 {
            await server.opened.wait(forCount: 1)
            await link.states.wait { $0.count { $0 == TestLink.connected } == Int(round) }
            link.link.send([[round]])
            #expect(await server.frames.wait(forCount: 1).last == [round])
            await server.listener.close()
            await link.states.wait { states in
                guard case .failed = states.last else { return false }
                return states.count { $0 == TestLink.connected } == Int(round)
            }
            server = try await TestServer(configuration, port: port)
        }
        await server.opened.wait(forCount: 1)
        await link.states.wait { $0.count { $0 == TestLink.connected } == 4 }
        #expect(link.link.statistics.reconnections == 3)
        await link.link.close()
        await server.listener.close()
    }

    @Test("a link starts before its listener does, and says meanwhile that nobody answers")
    func early() async throws {
        let server = try await TestServer()
        let port = server.port
        await server.listener.close()
        let link = try TestLink(to: port)
        #expect(
            await link.states.wait(forCount: 1)[0]
                == .failed(reason: "nobody listens there (connection refused)", attempts: 1))
        let again = try await TestServer(port: port)
        await link.states.wait(for: TestLink.connected)
        await link.link.close()
        await again.listener.close()
    }

    @Test("a host that does not exist is a failure that says so, and closing ends the attempts")
    func noSuchHost() async throws {
        let states = Recorder<PeerLinkState>()
        let target = PeerLinkTarget(
            name: "replica 1", host: "no-such-host.invalid", port: 1, key: try identity(1).publicKey,
            hello: TestLink.client(), frameBytesMax: 1000)
        let link = PeerLink(
            configuration: TransportConfiguration(), identity: try identity(2), target: target,
            eventLoop: loops.next(),
            handlers: PeerLinkHandlers(onState: { states.record($0) }, onFrames: { _ in }), jitterSeed: 1,
            logger: quiet)
        link.start()
        let reason = "the name no-such-host.invalid cannot be resolved"
        await states.wait(for: .failed(reason: reason, attempts: 1))
        #expect(
            target.sentence(.failed(reason: reason, attempts: 3))
                == "replica 1 at no-such-host.invalid:1 not connected: \(reason) (3 attempts)")
        await link.close()
        #expect(states.values.last == .closed)
    }
}
