// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

@testable import MartletTransport

@Suite(.timeLimit(.minutes(1))) struct ConnectionLimitTests {
    private func key(_ number: UInt64) -> PublicKey { PublicKey(words: Words32(number, 0, 0, 0)) }

    private func table(_ change: (inout TransportConfiguration) -> Void) -> ConnectionTable {
        var configuration = TransportConfiguration()
        change(&configuration)
        return ConnectionTable(configuration)
    }

    @Test("of too many strangers the oldest goes, and a finished one is no stranger")
    func strangers() {
        var table = table { $0.unfinishedConnectionsMax = 2 }
        #expect(table.admitUnfinished(ConnectionID(UInt64(1))) == nil)
        #expect(table.admitUnfinished(ConnectionID(UInt64(2))) == nil)
        #expect(table.admitUnfinished(ConnectionID(UInt64(3))) == ConnectionID(UInt64(1)))
        #expect(table.finishClient(ConnectionID(UInt64(2)), key: key(1)) == .accepted)
        #expect(table.admitUnfinished(ConnectionID(UInt64(4))) == nil)
        table.remove(ConnectionID(UInt64(3)))
        #expect(table.unfinishedCount == 1)
    }

    @Test("clients are limited each and all together; who leaves makes room")
    func clients() {
        var table = table {
            $0.clientConnectionsMax = 3
            $0.connectionsPerClientMax = 2
        }
        #expect(table.finishClient(ConnectionID(UInt64(1)), key: key(1)) == .accepted)
        #expect(table.finishClient(ConnectionID(UInt64(2)), key: key(1)) == .accepted)
        #expect(
            table.finishClient(ConnectionID(UInt64(3)), key: key(1))
                == .refused("this client has 2 connections already"))
        #expect(table.finishClient(ConnectionID(UInt64(4)), key: key(2)) == .accepted)
        #expect(
            table.finishClient(ConnectionID(UInt64(5)), key: key(3)) == .refused("it has 3 client connections already"))
        table.remove(ConnectionID(UInt64(1)))
        #expect(table.finishClient(ConnectionID(UInt64(6)), key: key(1)) == .accepted)
        #expect(table.clientCount == 3)
    }

    @Test("a replica's new connection takes the place of its oldest, whatever the clients do")
    func replicas() {
        var table = table {
            $0.clientConnectionsMax = 1
            $0.connectionsPerReplicaMax = 1
        }
        #expect(table.finishClient(ConnectionID(UInt64(1)), key: key(9)) == .accepted)
        #expect(table.finishReplica(ConnectionID(UInt64(2)), key: key(1)) == .accepted)
        #expect(table.finishReplica(ConnectionID(UInt64(3)), key: key(2)) == .accepted)
        #expect(
            table.finishReplica(ConnectionID(UInt64(4)), key: key(1)) == .acceptedInsteadOf(ConnectionID(UInt64(2))))
        table.remove(ConnectionID(UInt64(2)))
        #expect(table.replicaCount == 2)
    }

    @Test("a client over its limit reads why, the others stay")
    func live() async throws {
        var configuration = TransportConfiguration()
        configuration.connectionsPerClientMax = 2
        configuration.unfinishedConnectionsMax = 4
        let server = try await TestServer(configuration)
        let first = try TestLink(to: server.port, configuration)
        let second = try TestLink(to: server.port, configuration)
        await first.states.wait(for: TestLink.connected)
        await second.states.wait(for: TestLink.connected)
        let third = try TestLink(to: server.port, configuration)
        let refused = PeerLinkState.refused(
            .tooManyConnections, text: "this client has 2 connections already", attempts: 1)
        #expect(await third.states.wait(forCount: 1)[0] == refused)
        // Strangers that say nothing push out one another, and nobody else.
        var peers: [RawPeer] = []
        for _ in 0..<10 { peers.append(try await RawPeer(to: server.port)) }
        for peer in peers.prefix(5) { try await peer.waitForEnd() }
        await first.link.close()
        await third.states.wait(for: TestLink.connected)
        #expect(second.states.values == [TestLink.connected])
        for peer in peers { try await peer.close() }
        await second.link.close()
        await third.link.close()
        await server.listener.close()
    }

    @Test("a replica that dials again replaces its old connection")
    func replaced() async throws {
        var configuration = TransportConfiguration()
        configuration.connectionsPerReplicaMax = 1
        configuration.backOffMin = .seconds(100)
        configuration.backOffMax = .seconds(100)
        let server = try await TestServer(configuration)
        let old = try TestLink(to: server.port, configuration, hello: TestLink.replica(2))
        await server.opened.wait(forCount: 1)
        let new = try TestLink(to: server.port, configuration, hello: TestLink.replica(2))
        await server.opened.wait(forCount: 2)
        #expect(await server.ended.wait(forCount: 1) == [.replaced])
        #expect(await old.states.wait { $0.count >= 2 }.last != TestLink.connected)
        new.link.send([[1]])
        await server.frames.wait(forCount: 1)
        await old.link.close()
        await new.link.close()
        await server.listener.close()
    }
}
