// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

@Suite("Certificates")
struct CertificateTests {
    let group: TestGroup
    let verifier: Verifier<Ed25519Scheme>

    init() throws {
        group = try TestGroup()
        verifier = group.verifier
    }

    func altered(
        _ certificate: DecisionCertificate, epoch: Epoch? = nil, instance: Instance? = nil, digest: Digest? = nil,
        shares: [SignatureShare]? = nil
    ) -> DecisionCertificate {
        DecisionCertificate(
            epoch: epoch ?? certificate.epoch, instance: instance ?? certificate.instance,
            digest: digest ?? certificate.digest, shares: shares ?? certificate.shares)
    }

    @Test("a quorum of valid shares proves; one share short does not")
    func quorum() {
        #expect(verifier.isProof(group.decision(of: 5)))
        #expect(verifier.isProof(group.decision(of: 5, by: [3, 1, 0, 2])))
        #expect(!verifier.isProof(group.decision(of: 5, by: [0, 1])))
        #expect(!verifier.isProof(group.decision(of: 5, by: [])))
        #expect(verifier.isProof(group.checkpoint(of: 256)))
        #expect(!verifier.isProof(group.checkpoint(of: 256, by: [2, 3])))
    }

    @Test("a quorum is a matter of weight, not of heads")
    func weights() throws {
        // n = 5, f = 1: the first two weigh 2 each, the others 1, and a quorum 5 of 7.
        let wide = try TestGroup(n: 5)
        #expect(wide.verifier.isProof(wide.decision(of: 1, by: [0, 1, 4])))
        #expect(!wide.verifier.isProof(wide.decision(of: 1, by: [2, 3, 4])))
        #expect(!wide.verifier.isProof(wide.decision(of: 1, by: [0, 2, 3])))
        #expect(wide.verifier.isProof(wide.decision(of: 1, by: [0, 2, 3, 4])))
    }

    @Test("ACCEPTs of one instance prove no other")
    func otherInstance() {
        let certificate = group.decision(of: 5)
        #expect(!verifier.isProof(altered(certificate, instance: Instance(6))))
        #expect(!verifier.isProof(altered(certificate, instance: Instance(999))))
        #expect(!verifier.isProof(altered(certificate, epoch: group.epoch(2))))
        #expect(!verifier.isProof(altered(certificate, digest: digest(2))))
        let view2 = Epoch(view: ViewNumber(2), regency: .first)
        #expect(!verifier.isProof(altered(certificate, epoch: view2)))
    }

    @Test("ACCEPTs of several instances do not add up")
    func mixed() {
        let five = group.decision(of: 5).shares
        let six = group.decision(of: 6).shares
        #expect(!verifier.isProof(altered(group.decision(of: 5), shares: [five[0], five[1], six[2]])))
    }

    @Test("ACCEPTs never count as checkpoint votes, nor the other way round")
    func kinds() {
        let decision = group.decision(of: 256)
        let checkpoint = group.checkpoint(of: 256)
        let asCheckpoint = CheckpointCertificate(
            view: .genesis, instance: Instance(256), digest: digest(1), shares: decision.shares)
        #expect(!verifier.isProof(asCheckpoint))
        #expect(!verifier.isProof(altered(decision, shares: checkpoint.shares)))
    }

    @Test("a member counts once, and strangers not at all")
    func duplicatesAndStrangers() {
        let shares = group.decision(of: 5).shares
        #expect(!verifier.isProof(altered(group.decision(of: 5), shares: [shares[0], shares[1], shares[1]])))
        #expect(!verifier.isProof(altered(group.decision(of: 5), shares: shares + [shares[0]])))
        let stranger = SignatureShare(replica: ReplicaID(9), signature: shares[0].signature)
        #expect(!verifier.isProof(altered(group.decision(of: 5), shares: [shares[0], shares[1], stranger])))
        #expect(!verifier.isProof(altered(group.decision(of: 5), shares: shares + [stranger])))
        // One member's signature under another's name.
        let borrowed = SignatureShare(replica: ReplicaID(3), signature: shares[0].signature)
        #expect(!verifier.isProof(altered(group.decision(of: 5), shares: [shares[0], shares[1], borrowed])))
    }

    @Test("validShares keeps each member's first valid share and nothing else")
    func validShares() {
        let certificate = group.decision(of: 5)
        let shares = certificate.shares
        let wrong = SignatureShare(replica: ReplicaID(1), signature: shares[0].signature)
        let stranger = SignatureShare(replica: ReplicaID(9), signature: shares[0].signature)
        let absent = SignatureShare(replica: ReplicaID(3), signature: .absent)
        let spoiled = altered(
            certificate, shares: [stranger, wrong, shares[0], shares[0], absent, shares[1], shares[2]])
        #expect(!verifier.isProof(spoiled))
        #expect(verifier.validShares(of: spoiled) == certificate)
        #expect(verifier.validShares(of: certificate) == certificate)
        #expect(verifier.validShares(of: altered(certificate, instance: Instance(6))).shares.isEmpty)
        let view2 = Epoch(view: ViewNumber(2), regency: .first)
        #expect(verifier.validShares(of: altered(certificate, epoch: view2)).shares.isEmpty)
    }

    @Test("nothing is proved of regency 0 or instance 0")
    func zeroes() {
        #expect(!verifier.isProof(group.decision(of: 0)))
        #expect(!verifier.isProof(group.decision(of: 1, regency: 0)))
        #expect(!verifier.isProof(group.checkpoint(of: 0)))
    }

    @Test("another group's signatures prove nothing here")
    func otherGroup() throws {
        let other = try TestGroup(group: digest(77))
        #expect(other.verifier.isProof(other.decision(of: 5)))
        #expect(!verifier.isProof(other.decision(of: 5)))
        #expect(!verifier.isProof(other.checkpoint(of: 5)))
    }

    @Test("a group of one proves by its one member")
    func single() throws {
        let one = try TestGroup(n: 1, f: 0)
        #expect(one.verifier.isProof(one.decision(of: 1, by: [0])))
        #expect(!one.verifier.isProof(one.decision(of: 1, by: [])))
    }
}
