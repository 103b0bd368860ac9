// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

/// What a signature is made for binds group, purpose, view, regency, instance, digest and sender (protocol §1): after
/// any one of them is changed it is valid no more.
@Suite("What is signed binds all that applies")
struct BindingTests {
    let group: TestGroup
    let scheme = Ed25519Scheme()

    init() throws { group = try TestGroup() }

    /// Whether member 0's signature in `signed` is valid as a share for `vote`, by `replica`, in `group`.
    func counts(
        _ signature: Signature, for vote: AcceptVote, by replica: UInt16 = 0, in group: TestGroup? = nil
    ) -> Bool {
        let certificate = DecisionCertificate(
            epoch: vote.epoch, instance: vote.instance, digest: vote.digest,
            shares: [SignatureShare(replica: ReplicaID(replica), signature: signature)])
        return (group ?? self.group).verifier.validShares(of: certificate).shares.count == 1
    }

    func accept(regency: UInt64 = 1, instance: UInt64 = 1, _ number: UInt64 = 1, view: UInt64 = 1) -> AcceptVote {
        AcceptVote(
            epoch: Epoch(view: ViewNumber(view), regency: Regency(regency)), instance: Instance(instance),
            digest: digest(number))
    }

    @Test("an ACCEPT")
    func acceptVote() throws {
        let signature = group.accept(0, accept()).signature
        #expect(counts(signature, for: accept()))
        #expect(!counts(signature, for: accept(regency: 2)))
        #expect(!counts(signature, for: accept(instance: 2)))
        #expect(!counts(signature, for: accept(2)))
        #expect(!counts(signature, for: accept(), by: 1))
        // The same members in another group, and in the next view of this one.
        #expect(!counts(signature, for: accept(), in: try TestGroup(group: digest(5))))
        #expect(!counts(signature, for: accept(view: 2), in: try TestGroup(view: ViewNumber(2))))
    }

    /// Two members with one key cannot be, but one key may have two names over time, or in two groups.
    @Test("the sender's name, even under the same key")
    func senderName() {
        let other = Sealer(group: group.view.group, replica: ReplicaID(3), key: group.keys[0], scheme: scheme)
        guard case .accept(let sealed) = other.seal(.accept(accept())) else { return }
        #expect(!counts(sealed.signature, for: accept(), by: 0))
    }

    @Test("the purpose: no signature of one kind is valid as another, though all numbers agree")
    func purposes() throws {
        let sealer = group.sealer(0)
        let checkpoint = CheckpointVote(view: .genesis, instance: Instance(1), digest: digest(1))
        guard case .checkpoint(let sealed) = sealer.seal(.checkpoint(checkpoint)),
            case .sync(let sync) = sealer.seal(.sync(Sync(epoch: group.epoch(5), collected: [])))
        else { return }
        let data = group.stopData(by: 0, regency: 5)
        for signature in [sealed.signature, sync.signature, data.signature] {
            #expect(!counts(signature, for: accept()))
            #expect(!counts(signature, for: accept(regency: 5)))
        }
        let share = group.accept(0, accept())
        for signature in [share.signature, sync.signature, data.signature] {
            let forged = CheckpointVote(
                view: .genesis, instance: Instance(1), digest: digest(1), signature: signature)
            #expect(throws: VerificationError.invalidSignature) {
                try group.verifier.verify(.checkpoint(forged), from: ReplicaID(0))
            }
        }
        var forged = data
        forged.signature = sync.signature
        #expect(throws: VerificationError.invalidSignature) {
            try group.verifier.verify(.stopData(forged), from: ReplicaID(0))
        }
    }

    @Test("a checkpoint vote: view, instance, digest, sender")
    func checkpointVote() throws {
        let vote = CheckpointVote(view: .genesis, instance: Instance(256), digest: digest(1))
        guard case .checkpoint(let sealed) = group.sealer(0).seal(.checkpoint(vote)) else { return }
        let altered = { (instance: UInt64, number: UInt64) in
            CheckpointVote(
                view: .genesis, instance: Instance(instance), digest: digest(number), signature: sealed.signature)
        }
        #expect(throws: Never.self) { try group.verifier.verify(.checkpoint(altered(256, 1)), from: ReplicaID(0)) }
        for (instance, number, sender) in [(512, 1, 0), (256, 2, 0), (256, 1, 1)] as [(UInt64, UInt64, UInt16)] {
            #expect(throws: VerificationError.invalidSignature) {
                try group.verifier.verify(.checkpoint(altered(instance, number)), from: ReplicaID(sender))
            }
        }
        let view2 = CheckpointVote(
            view: ViewNumber(2), instance: Instance(256), digest: digest(1), signature: sealed.signature)
        let next = try TestGroup(view: ViewNumber(2))
        #expect(throws: VerificationError.invalidSignature) {
            try next.verifier.verify(.checkpoint(view2), from: ReplicaID(0))
        }
    }
}
