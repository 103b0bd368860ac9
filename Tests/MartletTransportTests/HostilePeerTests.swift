// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import NIOCore
import Testing

@testable import MartletTransport

@Suite(.timeLimit(.minutes(1))) struct HostilePeerTests {
    private func frame(_ content: Bytes) -> Bytes {
        Bytes(buffer: ByteBuffer(integer: UInt32(content.count))) + content
    }

    /// Sends frames and waits until they have arrived: the listener serves this peer as if it were alone.
    private func exchange(_ link: TestLink, _ server: TestServer, _ label: UInt8) async {
        link.link.send((0..<10).map { [label, $0] })
        await server.frames.wait { $0.count { $0[0] == label } == 10 }
    }

    @Test("garbage, slow and half-open connections do not disturb others")
    func undisturbed() async throws {
        var configuration = TransportConfiguration()
        configuration.handshakeTimeMax = .milliseconds(1500)
        let server = try await TestServer(configuration)
        let good = try TestLink(to: server.port, configuration)
        await exchange(good, server, 1)

        var generator = SystemRandomNumberGenerator()
        var peers: [RawPeer] = []
        for round in 0..<20 {
            // Garbage that is no TLS, garbage that begins like it, nothing at all, half a hello.
            let garbage = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let like: Bytes =
                [0x16, 0x03, 0x01, 0x01, 0x00, 0x01, 0x00, 0x00, 0xfc, 0x03, 0x03] + garbage.prefix(round * 9)
            for bytes in [garbage, like, [], [0x16, 0x03]] {
                let peer = try await RawPeer(to: server.port)
                if !bytes.isEmpty { try await peer.write(bytes) }
                peers.append(peer)
            }
        }
        // Through TLS: garbage instead of a hello, a hello that is cut, one that is too long.
        for bytes in [frame(Bytes(repeating: 9, count: 60)), frame([1]), [0, 0, 0x7f, 0xff, 1], [0, 0, 0]] {
            let peer = try await RawPeer(to: server.port, identity: try identity(5))
            try await peer.write(bytes)
            peers.append(peer)
        }
        await exchange(good, server, 2)
        let late = try TestLink(to: server.port, configuration, key: 6)
        await exchange(late, server, 3)
        // All of them are gone in the end, those too that never said a word.
        for peer in peers { try await peer.waitForEnd() }
        #expect(server.opened.values.count == 2)
        // The peer may see its end before the listener has counted it.
        for _ in 0..<500 where server.listener.connectionCounts != (0, 2, 0) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(server.listener.connectionCounts == (0, 2, 0))
        #expect(good.states.values == [TestLink.connected])
        await exchange(good, server, 4)
        await good.link.close()
        await late.link.close()
        await server.listener.close()
    }

    @Test("an over-long frame costs its sender the connection and nobody else's")
    func overLong() async throws {
        var configuration = TransportConfiguration()
        configuration.clientFrameBytesMax = 2000
        configuration.replicaFrameBytesMax = 3000
        let server = try await TestServer(configuration)
        let good = try TestLink(to: server.port, configuration)
        let bad = try TestLink(to: server.port, configuration, key: 3)
        let replica = try TestLink(to: server.port, configuration, key: 4, hello: TestLink.replica(4))
        await exchange(good, server, 1)
        bad.link.send([Bytes(repeating: 7, count: 2001), [7]])
        #expect(
            await server.ended.wait(forCount: 1) == [.misbehaved(.tooLong(byteCount: 2001, byteCountMax: 2000))])
        replica.link.send([Bytes(repeating: 8, count: 3000)])
        good.link.send([Bytes(repeating: 9, count: 2000)])
        let frames = await server.frames.wait { $0.contains { $0[0] == 8 } && $0.contains { $0[0] == 9 } }
        #expect(!frames.contains { $0[0] == 7 })
        #expect(good.states.values == [TestLink.connected])
        for link in [good, bad, replica] { await link.link.close() }
        await server.listener.close()
    }

    /// With a thousand connections a client could begin sixteen gigabytes of frames.
    @Test("of frames that are begun and never ended so many bytes are kept, those begun last")
    func unfinishedFrames() async throws {
        var configuration = TransportConfiguration()
        configuration.clientFrameBytesMax = 1 << 20
        configuration.clientPartialBytesMax = 1 << 20
        let server = try await TestServer(configuration)
        let good = try TestLink(to: server.port, configuration)
        await exchange(good, server, 1)
        var peers: [RawPeer] = []
        for number in 5...8 as ClosedRange<UInt8> {
            let peer = try await RawPeer(to: server.port, identity: try identity(number))
            let hello = Hello(group: testGroup, role: .client, view: ViewNumber(1))
            let begun = Bytes(buffer: ByteBuffer(integer: UInt32(1 << 20))) + Bytes(repeating: 0, count: 600 << 10)
            try await peer.write(frame(hello.encoded()))
            await server.opened.wait(forCount: peers.count + 2)
            try await peer.write(begun)
            peers.append(peer)
        }
        for peer in peers.dropLast() { try await peer.waitForEnd() }
        #expect(await server.ended.wait(forCount: 3) == [.unfinishedFrame, .unfinishedFrame, .unfinishedFrame])
        #expect(peers[3].channel.isActive)
        await exchange(good, server, 2)
        try await peers[3].close()
        await good.link.close()
        await server.listener.close()
    }

    @Test("a frame that goes on stays, also after longer ones; one alone has no limit but its own")
    func partialFrames() {
        var partial = PartialFrames(bytesMax: 1000 << 10)
        let ids = (1...3 as ClosedRange<UInt64>).map { ConnectionID($0) }
        #expect(partial.note(2000 << 10, of: ids[0], isAnew: true).isEmpty)
        #expect(partial.note(400 << 10, of: ids[1], isAnew: true) == [ids[0]])
        #expect(partial.note(400 << 10, of: ids[2], isAnew: true).isEmpty)
        // Another frame than before, so it is the younger one.
        #expect(partial.note(500 << 10, of: ids[1], isAnew: true).isEmpty)
        #expect(partial.bytes == 900 << 10)
        #expect(partial.note(600 << 10, of: ids[2], isAnew: false) == [ids[2]])
        #expect(partial.note(16 << 10, of: ids[1], isAnew: false).isEmpty)
        #expect(partial.bytes == 0)
        #expect(partial.note(17 << 10, of: ids[1], isAnew: false).isEmpty)
        partial.remove(ids[1])
        #expect(partial.bytes == 0)
    }

    @Test("a listener that answers garbage or nothing is a failure like any other")
    func badListener() async throws {
        var configuration = TransportConfiguration()
        configuration.security = .plaintextForBenchmarks
        let silent = try await RawListener(answer: [])
        let mad = try await RawListener(answer: frame(Bytes(repeating: 3, count: 40)))
        let talkative = try await RawListener(answer: [0x10, 0, 0, 0])
        let cases: [(RawListener, String)] = [
            (silent, "the handshake took too long"), (mad, "its answer makes no sense: format version 3 is unknown"),
            (talkative, "the peer sent a frame of 268435456 bytes, where 544 are allowed"),
        ]
        for (listener, reason) in cases {
            configuration.handshakeTimeMax = listener.answers ? .seconds(20) : .milliseconds(300)
            let link = try TestLink(to: listener.port, configuration)
            #expect(await link.states.wait(forCount: 1)[0] == .failed(reason: reason, attempts: 1))
            await link.link.close()
            try await listener.channel.close().get()
        }
    }
}
