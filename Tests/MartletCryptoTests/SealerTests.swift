// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

@Suite("Sealing and the loopback")
struct SealerTests {
    let group: TestGroup
    let sealer: Sealer<Ed25519Scheme>
    let me = ReplicaID(1)

    init() throws {
        group = try TestGroup()
        sealer = group.sealer(1)
    }

    var batch: Batch { Batch(instance: Instance(1), born: group.epoch(1), time: Timestamp(5), entries: []) }

    @Test("what is sealed is valid at others, and its own copy equals what they verify")
    func roundTrip() throws {
        let messages: [PeerMessage] = [
            .propose(Propose(epoch: group.epoch(2), batch: batch)),
            .write(WriteVote(epoch: group.epoch(2), instance: Instance(1), digest: digest(1))),
            .accept(AcceptVote(epoch: group.epoch(2), instance: Instance(1), digest: digest(1))),
            .decided(Decided(view: .genesis, instance: Instance(1), digest: digest(1))),
            .stop(Stop(view: .genesis, regency: Regency(2), reason: .abdication)),
            .stopData(
                StopData(
                    epoch: group.epoch(2), sender: me, base: group.decision(of: 5), checkpoint: nil,
                    claims: [claim(6, lock: vote(1), wrote: [vote(1)])])),
            .sync(Sync(epoch: group.epoch(2), collected: [0, 1, 2].map { group.stopData(by: $0) })),
            .checkpoint(CheckpointVote(view: .genesis, instance: Instance(256), digest: digest(1))),
            .vouches(Vouches(entries: [])),
            .progress(
                Progress(
                    epoch: group.epoch(2), isSynced: true, mode: .voter, decided: .zero, stableCheckpoint: .zero,
                    asksForHelp: false)),
        ]
        for message in messages {
            let sealed = sealer.seal(message)
            #expect(sealer.loopback(sealed) == (try group.verifier.verify(sealed, from: me)))
        }
    }

    @Test("a sealed ACCEPT makes a share of a certificate")
    func accept() {
        let unsigned = AcceptVote(epoch: group.epoch(1), instance: Instance(1), digest: digest(1))
        guard case .accept(let sealed) = sealer.seal(.accept(unsigned)) else { return }
        let certificate = DecisionCertificate(
            epoch: sealed.epoch, instance: sealed.instance, digest: sealed.digest,
            shares: [SignatureShare(replica: me, signature: sealed.signature)])
        #expect(group.verifier.validShares(of: certificate) == certificate)
    }

    @Test("sealing again changes nothing: a signature does not cover itself")
    func idempotent() {
        for message in [
            PeerMessage.accept(AcceptVote(epoch: group.epoch(1), instance: Instance(1), digest: digest(1))),
            .stopData(StopData(epoch: group.epoch(2), sender: me, base: nil, checkpoint: nil, claims: [])),
            .sync(Sync(epoch: group.epoch(2), collected: [])),
            .checkpoint(CheckpointVote(view: .genesis, instance: Instance(1), digest: digest(1))),
        ] {
            let sealed = sealer.seal(message)
            #expect(sealed != message)
            #expect(sealer.seal(sealed) == sealed)
        }
    }

    @Test("messages without a signature leave as they are")
    func unsigned() {
        for message in [
            PeerMessage.propose(Propose(epoch: group.epoch(1), batch: batch)), .vouches(Vouches(entries: [])),
            .fetchDecisions(FetchDecisions(first: Instance(1))),
        ] {
            #expect(sealer.seal(message) == message)
        }
    }

    @Test("a replica that would ask itself traps")
    func asksItself() async {
        await #expect(processExitsWith: .failure) {
            _ = try TestGroup().sealer(1).loopback(.fetchDecisions(FetchDecisions(first: Instance(1))))
        }
    }

    @Test("a replica that would speak for another traps")
    func speaksForAnother() async {
        await #expect(processExitsWith: .failure) {
            let group = try TestGroup()
            let data = StopData(epoch: group.epoch(2), sender: ReplicaID(0), base: nil, checkpoint: nil, claims: [])
            _ = group.sealer(1).seal(.stopData(data))
        }
    }
}
