// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import MartletTypes
import MartletWire
import NIOSSL
import Testing

@testable import MartletTransport

@Suite(.timeLimit(.minutes(1))) struct HandshakeTests {
    @Test("both ends know each other's key")
    func keys() async throws {
        let server = try await TestServer()
        let link = try TestLink(to: server.port, key: 2, hello: TestLink.replica(9))
        await link.states.wait(for: TestLink.connected)
        let connection = await server.opened.wait(forCount: 1)[0]
        #expect(try connection.peer == identity(2).publicKey)
        #expect(connection.hello.role == .replica(ReplicaID(9)))
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: Bytes(repeating: 2, count: 32))
        #expect(connection.peer.words.bytes == Bytes(key.publicKey.rawRepresentation))
        await link.link.close()
        await server.listener.close()
        #expect(link.link.state == .closed)
    }

    @Test("a listener with another key than the pinned one is turned away, readably")
    func wrongKey() async throws {
        let server = try await TestServer(key: 3)
        let link = try TestLink(to: server.port, expecting: 1)
        let state = await link.states.wait(forCount: 1)[0]
        let (found, expected) = (try identity(3).publicKey, try identity(1).publicKey)
        #expect(state == .failed(reason: "its key is \(found), but \(expected) is expected", attempts: 1))
        #expect(server.opened.values.isEmpty)
        await link.link.close()
        await server.listener.close()
    }

    @Test("who is refused reads why, and the listener hears no more of it")
    func refusals() async throws {
        let members = try (UInt8(1)...4).map { number in
            Member(
                id: ReplicaID(UInt16(number)), key: try identity(number).publicKey, host: "127.0.0.1",
                port: 7000 + Int(number), isHeavy: number <= 2)
        }
        let view = try View(
            group: testGroup, number: .genesis, faultModel: .byzantine, f: 1, members: members,
            leaderOrder: members.map(\.id), settings: GroupSettings())
        let admitted = ClientID(try identity(9).publicKey)
        let rules = HandshakeRules(view: view) { $0 == admitted ? nil : "it does not know this client" }
        let server = try await TestServer { rules.answer($0, $1) }
        let newer = ProtocolVersions(lowest: 7, highest: 9)
        let cases: [(hello: Hello, key: UInt8, refusal: HelloRefusal, text: String)] = [
            (TestLink.client(group: .zero), 9, .wrongGroup, "it belongs to another group"),
            (
                TestLink.client(versions: newer), 9, .versionUnsupported,
                "it speaks protocol version 1 to 2, not 7 to 9"
            ),
            (TestLink.client(), 8, .accessDenied, "it does not know this client"),
            (TestLink.replica(2), 3, .notThatReplica, "in its view 1 this is not the key of replica 2"),
            (TestLink.replica(7), 2, .notThatReplica, "replica 7 is in no view up to 1; it has to be added first"),
        ]
        for (hello, key, refusal, text) in cases {
            let link = try TestLink(to: server.port, key: key, hello: hello)
            let state = await link.states.wait(forCount: 1)[0]
            #expect(state == .refused(refusal, text: text, attempts: 1))
            #expect(link.link.target.sentence(state) == "replica 1 at 127.0.0.1:\(server.port) refused: \(text)")
            await link.states.wait(for: .refused(refusal, text: text, attempts: 2))
            await link.link.close()
        }
        #expect(server.opened.values.isEmpty)
        for (hello, key) in [(TestLink.client(), UInt8(9)), (TestLink.replica(2), 2)] {
            let link = try TestLink(to: server.port, key: key, hello: hello)
            await link.states.wait(for: TestLink.connected)
            await link.link.close()
        }
        await server.listener.close()
    }

    @Test("a peer without a certificate, or with a key of another kind, gets no answer")
    func noCertificate() async throws {
        let server = try await TestServer()
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .noHostnameVerification
        configuration.verifySignatureAlgorithms = [.ed25519]
        let anonymous = TLSIdentity(
            publicKey: try identity(2).publicKey, context: try NIOSSLContext(configuration: configuration))
        let peer = try await RawPeer(to: server.port, identity: anonymous)
        try await peer.waitForEnd()
        #expect(peer.received.values.isEmpty)
        #expect(server.opened.values.isEmpty)
        await server.listener.close()
    }

    @Test("without TLS the claimed key is believed: for benchmarks only")
    func plaintext() async throws {
        var configuration = TransportConfiguration()
        configuration.security = .plaintextForBenchmarks
        let server = try await TestServer(configuration)
        let link = try TestLink(to: server.port, configuration)
        let connection = await server.opened.wait(forCount: 1)[0]
        #expect(try connection.peer == identity(2).publicKey)
        await link.link.close()
        await server.listener.close()
    }

    @Test("a seed of the wrong size makes no identity")
    func badSeed() {
        #expect(throws: TLSIdentityError(description: "an Ed25519 seed has 32 bytes, not 31")) {
            try TLSIdentity(seed: Bytes(repeating: 0, count: 31))
        }
    }
}
