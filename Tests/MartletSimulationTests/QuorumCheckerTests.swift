// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes
import Testing

@Suite("Quorum arithmetic: a decision, a lock, a certificate and a checkpoint without a quorum behind them")
struct QuorumCheckerTests {
    /// n = 5: replicas 0 and 1 weigh 2, the others 1, and a quorum weighs 5.
    static func view(_ model: FaultModel = .byzantine, n: Int = 5) throws -> View {
        let heavy = QuorumRule(faultModel: model, n: n, f: 1).heavyCount
        let members = (0..<n).map { place in
            Member(
                id: ReplicaID(UInt16(place)), key: PublicKey(words: Words32(UInt64(place + 1), 0, 0, 0)),
                host: "r\(place)", port: 1, isHeavy: place < heavy)
        }
        return try View(
            group: Sample.digest(99), number: .genesis, faultModel: model, f: 1, members: members,
            leaderOrder: members.map(\.id), settings: GroupSettings())
    }

    private static func epoch(_ regency: UInt64) -> Epoch { Epoch(view: .genesis, regency: Regency(regency)) }

    private static func write(_ regency: UInt64 = 1, digest: UInt64 = 5) -> PeerMessage {
        .write(WriteVote(epoch: epoch(regency), instance: Instance(1), digest: Sample.digest(digest)))
    }

    private static func accept(_ regency: UInt64 = 1, digest: UInt64 = 5) -> PeerMessage {
        .accept(AcceptVote(epoch: epoch(regency), instance: Instance(1), digest: Sample.digest(digest)))
    }

    private static let decided = PeerMessage.decided(
        Decided(view: .genesis, instance: Instance(1), digest: Sample.digest(5)))

    private static func certificate(_ signers: [UInt16], regency: UInt64 = 1) -> PeerMessage {
        let shares = signers.map { SignatureShare(replica: ReplicaID($0), signature: .absent) }
        let batch = Batch(instance: Instance(1), born: epoch(1), time: Timestamp(1), entries: [])
        return .decisions(
            Decisions(decisions: [
                Decision(
                    body: BatchBody(batch: batch, bodies: []),
                    certificate: DecisionCertificate(
                        epoch: epoch(regency), instance: Instance(1), digest: Sample.digest(5), shares: shares))
            ]))
    }

    private static func rule(_ rig: Rig, decidedBy replica: Int = 4) -> Violation.Rule? {
        rig.checker.decided(Sample.execution(1, seed: 5), by: replica, rig.views, at: .zero)?.rule
    }

    /// The checker in a group that has one view.
    private struct Rig {
        var checker: QuorumChecker
        let views: ViewChecker

        init(_ view: View, liars: [Int] = []) {
            checker = QuorumChecker(replicas: view.n, liars: liars)
            views = ViewChecker(genesis: view, liars: liars)
        }

        mutating func received(_ message: PeerMessage, from sender: Int, by replica: Int) {
            checker.received(message, from: sender, by: replica, views)
        }

        mutating func sent(_ message: PeerMessage, by replica: Int) -> Violation? {
            checker.sent(message, by: replica, views, at: .zero)
        }

        func installed(_ instance: UInt64, by replica: Int) -> Violation? {
            checker.installed(Instance(instance), by: replica, views, at: .zero)
        }
    }

    @Test(
        "A decision needs a quorum's weight of ACCEPTs of one regency and digest",
        arguments: [
            ([0, 1, 2], true), ([0, 2, 3, 4], true), ([0, 1], false), ([0, 2, 3], false), ([0, 1, 1, 1], false),
        ] as [([Int], Bool)])
    func decision(voters: [Int], isEnough: Bool) throws {
        var rig = Rig(try Self.view())
        for voter in voters { rig.received(Self.accept(), from: voter, by: 4) }
        #expect(Self.rule(rig) == (isEnough ? nil : .quorums))
        #expect(Self.rule(rig, decidedBy: 3) == .quorums)
        rig.checker.restarted(4)
        #expect(Self.rule(rig) == .quorums)
    }

    @Test("ACCEPTs of two regencies, or of two digests, do not add up")
    func apart() throws {
        var rig = Rig(try Self.view())
        for voter in [0, 1] { rig.received(Self.accept(1), from: voter, by: 4) }
        for voter in [2, 3] { rig.received(Self.accept(2), from: voter, by: 4) }
        for voter in [2, 3] { rig.received(Self.accept(1, digest: 6), from: voter, by: 4) }
        for voter in [0, 1, 2, 3] { rig.received(Self.write(), from: voter, by: 4) }
        #expect(Self.rule(rig) == .quorums)
    }

    @Test("f+1 DECIDED let a replica decide, fewer do not; in crash mode one does")
    func words() throws {
        var rig = Rig(try Self.view())
        rig.received(Self.decided, from: 0, by: 4)
        rig.received(Self.decided, from: 0, by: 4)
        #expect(Self.rule(rig) == .quorums)
        rig.received(Self.decided, from: 3, by: 4)
        #expect(Self.rule(rig) == nil)
        var crash = Rig(try Self.view(.crash, n: 3))
        #expect(Self.rule(crash, decidedBy: 2) == .quorums)
        crash.received(Self.decided, from: 0, by: 2)
        #expect(Self.rule(crash, decidedBy: 2) == nil)
    }

    @Test("In crash mode a quorum of three is any two")
    func crash() throws {
        var rig = Rig(try Self.view(.crash, n: 3))
        rig.received(Self.accept(), from: 1, by: 2)
        #expect(Self.rule(rig, decidedBy: 2) == .quorums)
        #expect(rig.sent(Self.accept(), by: 2) == nil)
        #expect(Self.rule(rig, decidedBy: 2) == nil)
    }

    @Test("A certificate counts those who did vote, and liars, each once")
    func certificates() throws {
        func verdict(_ certificate: PeerMessage, liars: [Int] = [], voters: [Int]) throws -> Violation.Rule? {
            var rig = Rig(try Self.view(), liars: liars)
            for voter in voters { _ = rig.sent(Self.accept(), by: voter) }
            rig.received(certificate, from: 1, by: 4)
            return Self.rule(rig)
        }
        #expect(try verdict(Self.certificate([0, 1, 2]), voters: [0, 1, 2]) == nil)
        #expect(try verdict(Self.certificate([0, 1, 2]), voters: [0, 1]) == .quorums)
        #expect(try verdict(Self.certificate([0, 1, 2]), liars: [2], voters: [0, 1]) == nil)
        #expect(try verdict(Self.certificate([0, 1, 1, 1]), voters: [0, 1]) == .quorums)
        #expect(try verdict(Self.certificate([0, 1, 2], regency: 2), voters: [0, 1, 2]) == .quorums)
        #expect(try verdict(Self.certificate([0, 1, 2, 77]), voters: [0, 1]) == .quorums)
    }

    @Test("An ACCEPT needs a quorum of WRITEs of its regency and digest at its sender, its own one counted")
    func locks() throws {
        func verdict(_ writes: [(Int, PeerMessage)], own: Bool = false) throws -> Violation.Rule? {
            var rig = Rig(try Self.view())
            for (voter, write) in writes { rig.received(write, from: voter, by: 4) }
            if own { _ = rig.sent(Self.write(), by: 4) }
            return rig.sent(Self.accept(), by: 4)?.rule
        }
        #expect(try verdict([0, 1, 2].map { ($0, Self.write()) }) == nil)
        #expect(try verdict([0, 1].map { ($0, Self.write()) }) == .quorums)
        #expect(try verdict([0, 1].map { ($0, Self.write()) }, own: true) == nil)
        #expect(try verdict([0, 1, 2].map { ($0, Self.write(2)) }) == .quorums)
        #expect(try verdict([0, 1, 2].map { ($0, Self.write(digest: 6)) }) == .quorums)
        #expect(try verdict([0, 1, 2].map { ($0, Self.accept()) }) == .quorums)
    }

    @Test("A checkpoint is taken over only when a quorum's CHECKPOINTs agree")
    func checkpoints() throws {
        func vote(_ digest: UInt64) -> PeerMessage {
            .checkpoint(CheckpointVote(view: .genesis, instance: Instance(8), digest: Sample.digest(digest)))
        }
        var rig = Rig(try Self.view(), liars: [3])
        for voter in [0, 2] { _ = rig.sent(vote(1), by: voter) }
        _ = rig.sent(vote(2), by: 1)
        #expect(rig.installed(8, by: 4)?.rule == .quorums)
        #expect(rig.installed(16, by: 4)?.rule == .quorums)
        _ = rig.sent(vote(1), by: 4)
        #expect(rig.installed(8, by: 4) == nil)
    }
}
