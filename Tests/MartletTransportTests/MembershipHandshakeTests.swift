// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import NIOPosix
import Synchronization
import Testing

@testable import MartletTransport

@Suite(.timeLimit(.minutes(1))) struct MembershipHandshakeTests {
    private func member(_ id: UInt16, key: UInt8) throws -> Member {
        Member(
            id: ReplicaID(id), key: try identity(key).publicKey, host: "127.0.0.1", port: 7000 + Int(id), isHeavy: false
        )
    }

    /// Replica 3 was removed after view 2, replica 5's key 5 was replaced in view 4, replica 7 is a newcomer.
    private func rules(spoken: UInt16 = 1, _ versions: ProtocolVersions = .supported) throws -> HandshakeRules {
        var rotated = ReplicaListing(try member(5, key: 5), in: ViewNumber(3))
        rotated.note(try member(5, key: 15), in: ViewNumber(4))
        let listings = [
            ReplicaID(3): ReplicaListing(try member(3, key: 3), in: ViewNumber(2)),
            ReplicaID(5): rotated,
            ReplicaID(7): ReplicaListing(try member(7, key: 7), in: ViewNumber(4)),
        ]
        return HandshakeRules(
            group: testGroup, newest: ViewNumber(4), spoken: spoken, versions: versions, listing: { listings[$0] },
            complaintAboutClient: { _ in "nobody is served" })
    }

    @Test("a newcomer, one that was removed and one with a new key connect; others read why not")
    func membership() throws {
        let rules = try rules()
        func answer(_ id: UInt16, _ key: UInt8) throws -> HelloAnswer {
            rules.answer(TestLink.replica(id), try identity(key).publicKey)
        }
        let accepted = HelloAnswer.accepted(version: ProtocolVersions.supported.highest, view: ViewNumber(4))
        #expect(try answer(3, 3) == accepted)
        #expect(try answer(5, 15) == accepted)
        #expect(try answer(7, 7) == accepted)
        let refusals: [(id: UInt16, key: UInt8, text: String)] = [
            (8, 8, "replica 8 is in no view up to 4; it has to be added first"),
            (8, 7, "replica 8 is in no view up to 4; it has to be added first"),
            (5, 5, "view 4 has replaced this key of replica 5 by another one"),
            (5, 7, "in its view 4 this is not the key of replica 5"),
            (3, 7, "in its view 2 this is not the key of replica 3"),
            (7, 3, "in its view 4 this is not the key of replica 7"),
        ]
        for (id, key, text) in refusals {
            #expect(try answer(id, key) == .refused(.notThatReplica, text: text))
        }
    }

    @Test("each dialling tells the newest view that is known then")
    func hello() async throws {
        let server = try await TestServer()
        let known = Mutex(ViewNumber(1))
        let target = PeerLinkTarget(
            name: "replica 1", host: "127.0.0.1", port: server.port, key: try identity(1).publicKey,
            hello: TestLink.replica(9), frameBytesMax: 100)
        var configuration = TransportConfiguration()
        configuration.steadyAfter = .zero
        let link = PeerLink(
            configuration: configuration, identity: try identity(2), target: target, eventLoop: loops.next(),
            handlers: PeerLinkHandlers(
                newestView: { known.withLock { $0 } }, onState: { _ in }, onFrames: { _ in }),
            jitterSeed: 7, logger: quiet)
        link.start()
        #expect(await server.opened.wait(forCount: 1)[0].hello.view == ViewNumber(1))
        known.withLock { $0 = ViewNumber(12) }
        server.opened.values[0].abort()
        let again = await server.opened.wait(forCount: 2)[1].hello
        #expect(again.view == ViewNumber(12) && again.role == .replica(ReplicaID(9)) && again.group == testGroup)
        await link.close()
        await server.listener.close()
    }

    @Test("a target without a key takes whoever answers; one that is closed twice is closed once")
    func anyKey() async throws {
        let server = try await TestServer(key: 77)
        let target = PeerLinkTarget(
            name: "the replica", host: "127.0.0.1", port: server.port, key: nil, hello: TestLink.replica(9),
            frameBytesMax: 100)
        let states = Recorder<PeerLinkState>()
        let link = PeerLink(
            configuration: TransportConfiguration(), identity: try identity(2), target: target,
            eventLoop: loops.next(),
            handlers: PeerLinkHandlers(onState: { states.record($0) }, onFrames: { _ in }), jitterSeed: 7, logger: quiet
        )
        link.start()
        await states.wait(for: TestLink.connected)
        let closed = Recorder<Int>()
        link.close { closed.record(1) }
        link.close { closed.record(2) }
        await link.close()
        await closed.wait(forCount: 2)
        link.close { closed.record(3) }
        await closed.wait(forCount: 3)
        #expect(link.state == .closed)
        await server.listener.close()
    }

    @Test("links speak the highest version that both can, and a replica that cannot speak the group's reads so")
    func versions() throws {
        let (one, two) = (ProtocolVersions(only: 1), ProtocolVersions(lowest: 1, highest: 2))
        func answer(_ theirs: ProtocolVersions, _ rules: HandshakeRules, isReplica: Bool = true) throws -> HelloAnswer {
            let role: Role = isReplica ? .replica(ReplicaID(7)) : .client
            return rules.answer(
                Hello(versions: theirs, group: testGroup, role: role, view: .genesis), try identity(7).publicKey)
        }
        #expect(try answer(one, rules(spoken: 1, two)) == .accepted(version: 1, view: ViewNumber(4)))
        #expect(try answer(two, rules(spoken: 1, one)) == .accepted(version: 1, view: ViewNumber(4)))
        #expect(try answer(two, rules(spoken: 2, two)) == .accepted(version: 2, view: ViewNumber(4)))
        #expect(
            try answer(one, rules(spoken: 2, two))
                == .refused(.versionUnsupported, "in view 4 the group speaks protocol version 2, not 1"))
        #expect(
            try answer(ProtocolVersions(only: 7), rules(spoken: 1, two))
                == .refused(.versionUnsupported, "it speaks protocol version 1 to 2, not 7"))
        // Nor may one that can only speak what the group does not yet.
        #expect(
            try answer(ProtocolVersions(only: 2), rules(spoken: 1, two))
                == .refused(.versionUnsupported, "in view 4 the group speaks protocol version 1, not 2"))
        // A client is spoken with as it can.
        #expect(
            try answer(one, rules(spoken: 2, two), isReplica: false)
                == .refused(.accessDenied, "nobody is served"))
    }
}
