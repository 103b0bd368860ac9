// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

@Suite("STOP, STOPDATA and SYNC")
struct LeaderChangeTests {
    let group: TestGroup
    let verifier: Verifier<Ed25519Scheme>

    init() throws {
        group = try TestGroup()
        verifier = group.verifier
    }

    func error(_ message: PeerMessage, from sender: UInt16) -> VerificationError? {
        do {
            _ = try verifier.verify(message, from: ReplicaID(sender))
            return nil
        } catch {
            return error
        }
    }

    /// The same StopData with other content under the old signature.
    func altered(_ data: StopData, epoch: Epoch? = nil, sender: UInt16? = nil, claims: [InstanceClaim]? = nil)
        -> StopData
    {
        StopData(
            epoch: epoch ?? data.epoch, sender: sender.map { ReplicaID($0) } ?? data.sender, base: data.base,
            checkpoint: data.checkpoint, claims: claims ?? data.claims, signature: data.signature)
    }

    var quorum: [StopData] { [0, 2, 3].map { group.stopData(by: $0) } }

    @Test("STOP asks for a later regency than the first")
    func stop() {
        let stop = { (regency: UInt64, view: UInt64) in
            PeerMessage.stop(
                Stop(view: ViewNumber(view), regency: Regency(regency), reason: .requestTimeout))
        }
        #expect(error(stop(2, 1), from: 0) == nil)
        #expect(error(stop(1, 1), from: 0) == .numberOutOfRange)
        #expect(error(stop(0, 1), from: 0) == .numberOutOfRange)
        #expect(error(stop(.max, 1), from: 0) == .numberOutOfRange)
        // There may be a second view by now; there is none with these numbers.
        #expect(error(stop(2, 2), from: 0) == nil)
        #expect(error(stop(2, 0), from: 0) == .wrongView(ViewNumber(0)))
        #expect(error(stop(2, .max), from: 0) == .wrongView(ViewNumber(.max)))
    }

    @Test("a StopData with valid certificates is taken, from its author only")
    func stopData() throws {
        let data = group.stopData(
            by: 0, base: group.decision(of: 260), checkpoint: group.checkpoint(of: 256),
            claims: [claim(261, lock: vote(1), wrote: [vote(1)])])
        let verified = try verifier.verify(.stopData(data), from: ReplicaID(0))
        #expect(verified == .stopData(Verified(data, sender: .replica(ReplicaID(0)))))
        #expect(error(.stopData(data), from: 2) == .notAuthor(ReplicaID(2)))
        #expect(error(.stopData(data), from: 7) == .notMember(ReplicaID(7)))
    }

    @Test("collects of another instance or regency are refused")
    func otherCollects() {
        let data = group.stopData(by: 0, claims: [claim(7, lock: vote(1), wrote: [vote(1)])])
        #expect(error(.stopData(data), from: 0) == nil)
        // The signature binds every word of it.
        #expect(error(.stopData(altered(data, epoch: group.epoch(3))), from: 0) == .invalidSignature)
        #expect(error(.stopData(altered(data, claims: [])), from: 0) == .invalidSignature)
        let moved = [claim(8, lock: vote(1), wrote: [vote(1)])]
        #expect(error(.stopData(altered(data, claims: moved)), from: 0) == .invalidSignature)
        #expect(error(.stopData(altered(data, sender: 2)), from: 2) == .invalidSignature)

        // A SYNC must not rest on what was collected for another regency, honestly signed as it is.
        let old = [
            group.stopData(by: 0, regency: 2), group.stopData(by: 2, regency: 3), group.stopData(by: 3, regency: 3),
        ]
        let mixed = group.sync(old, regency: 3, by: 2)
        #expect(error(.sync(mixed), from: 2) == .collectOfAnotherEpoch(ReplicaID(0)))
    }

    @Test("an unproved 'last decided 999' wins nothing and crashes nothing")
    func unproved() {
        let empty = DecisionCertificate(
            epoch: group.epoch(1), instance: Instance(999), digest: digest(1), shares: [])
        let light = group.decision(of: 999, by: [0])
        let repeated = DecisionCertificate(
            epoch: group.epoch(1), instance: Instance(999), digest: digest(1),
            shares: [light.shares[0], light.shares[0], light.shares[0]])
        let other = DecisionCertificate(
            epoch: group.epoch(1), instance: Instance(999), digest: digest(1), shares: group.decision(of: 5).shares)
        for base in [empty, light, repeated, other] {
            let data = group.stopData(by: 0, base: base)
            #expect(error(.stopData(data), from: 0) == .invalidCertificate(Instance(999)))
            let sync = group.sync([data] + quorum[1...])
            #expect(error(.sync(sync), from: 1) == .invalidCertificate(Instance(999)))
        }
        for instance in [UInt64.max, UInt64.max - 1] {
            let data = group.stopData(by: 0, base: group.decision(of: instance, by: [0]))
            #expect(error(.stopData(data), from: 0) == .invalidCertificate(Instance(instance)))
        }
        let checkpoint = group.stopData(by: 0, checkpoint: group.checkpoint(of: 999, by: [0, 1]))
        #expect(error(.stopData(checkpoint), from: 0) == .invalidCertificate(Instance(999)))
    }

    @Test("one invalid certificate spoils a StopData whose other one is valid")
    func wholeOrNothing() {
        let good = group.stopData(by: 0, base: group.decision(of: 260), checkpoint: group.checkpoint(of: 256))
        #expect(error(.stopData(good), from: 0) == nil)
        let bad = group.stopData(
            by: 0, base: group.decision(of: 260), checkpoint: group.checkpoint(of: 256, by: [0, 1]))
        #expect(error(.stopData(bad), from: 0) == .invalidCertificate(Instance(256)))
        let ugly = group.stopData(
            by: 0, base: group.decision(of: 260, by: [0, 1]), checkpoint: group.checkpoint(of: 256))
        #expect(error(.stopData(ugly), from: 0) == .invalidCertificate(Instance(260)))
    }

    @Test("a StopData that breaks a rule is refused, however well signed")
    func rules() {
        let data = group.stopData(by: 0, claims: [claim(3, lock: vote(2))])
        #expect(error(.stopData(data), from: 0) == .stopData(ReplicaID(0), .regencyOutOfRange(Instance(3))))
        #expect(
            error(.sync(group.sync([data] + quorum[1...])), from: 1)
                == .stopData(ReplicaID(0), .regencyOutOfRange(Instance(3))))
        #expect(error(.stopData(group.stopData(by: 0, regency: 1)), from: 0) == .numberOutOfRange)
    }

    @Test("a SYNC by its leader is taken, also from another's channel, and names its leader")
    func sync() throws {
        let sync = group.sync(quorum)
        for channel in [1, 3] as [UInt16] {
            let verified = try verifier.verify(.sync(sync), from: ReplicaID(channel))
            #expect(verified == .sync(Verified(sync, sender: .replica(ReplicaID(1)))))
        }
        #expect(error(.sync(sync), from: 9) == .notMember(ReplicaID(9)))
    }

    @Test("a SYNC by another than its leader, or for another epoch, is refused")
    func wrongLeader() {
        #expect(error(.sync(group.sync(quorum, by: 0)), from: 0) == .invalidSignature)
        #expect(error(.sync(group.sync(quorum, by: 2)), from: 1) == .invalidSignature)
        #expect(error(.sync(group.sync(quorum, regency: 6, by: 1)), from: 1) == .collectOfAnotherEpoch(ReplicaID(0)))
        #expect(error(.sync(group.sync([], regency: 1, by: 0)), from: 0) == .numberOutOfRange)
        #expect(error(.sync(group.sync([], regency: 0, by: 0)), from: 0) == .numberOutOfRange)
        let view2 = Sync(epoch: Epoch(view: ViewNumber(2), regency: Regency(2)), collected: quorum)
        #expect(error(.sync(view2), from: 1) == .wrongView(ViewNumber(2)))
        // The leader's signature covers what is inside.
        let sync = group.sync(quorum)
        let more = Sync(
            epoch: sync.epoch, collected: sync.collected + [group.stopData(by: 1)], signature: sync.signature)
        #expect(error(.sync(more), from: 1) == .invalidSignature)
    }

    @Test("several collects of one replica count once")
    func repeated() {
        let one = group.stopData(by: 0)
        let two = group.stopData(by: 0, claims: [claim(1, lock: vote(1))])
        #expect(error(.sync(group.sync([one, one, one])), from: 1) == .collectRepeated(ReplicaID(0)))
        #expect(error(.sync(group.sync([one, two, group.stopData(by: 2)])), from: 1) == .collectRepeated(ReplicaID(0)))
        #expect(error(.sync(group.sync(quorum + [two])), from: 1) == .collectRepeated(ReplicaID(0)))
    }

    @Test("collects of strangers, forged ones, and too few of them make no SYNC")
    func tooFew() {
        #expect(error(.sync(group.sync(Array(quorum[..<2]))), from: 1) == .collectsNoQuorum)
        #expect(error(.sync(group.sync([])), from: 1) == .collectsNoQuorum)
        let stranger = altered(quorum[0], sender: 8)
        #expect(error(.sync(group.sync(quorum + [stranger])), from: 1) == .notMember(ReplicaID(8)))
        let forged = altered(group.stopData(by: 1), sender: 0)
        #expect(error(.sync(group.sync([forged] + quorum[1...])), from: 1) == .invalidSignature)
    }

    @Test("a SYNC verified piece by piece before costs no new signature check but its own")
    func remembered() throws {
        let scheme = CountingScheme()
        let verifier = Verifier(view: group.view, scheme: scheme)
        let base = group.decision(of: 260)
        let collected = [0, 2, 3].map { group.stopData(by: $0, base: base) }
        for data in collected { _ = try verifier.verify(.stopData(data), from: data.sender) }
        // Three own signatures and one certificate of three.
        #expect(scheme.count == 6)
        _ = try verifier.verify(.sync(group.sync(collected)), from: ReplicaID(1))
        #expect(scheme.count == 7)
    }

    @Test("clients that sign much do not make a verifier forget the members")
    func rememberedApart() throws {
        let scheme = CountingScheme()
        let verifier = Verifier(view: group.view, scheme: scheme, rememberedSignaturesMax: 4)
        let data = group.stopData(by: 0)
        _ = try verifier.verify(.stopData(data), from: ReplicaID(0))
        let key = TestGroup.key(100)
        let client = ClientID(key.publicKey)
        let sealer = ClientSealer(group: group.view.group, client: client, key: key, scheme: Ed25519Scheme())
        for sequence in 1...20 as ClosedRange<UInt64> {
            _ = try verifier.verify(sealer.sealBundle([operation(client, sequence)]), from: client)
        }
        let before = scheme.count
        _ = try verifier.verify(.stopData(data), from: ReplicaID(0))
        #expect(scheme.count == before)
    }
}
