// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

@Suite("Checking the signatures of a decision") struct CertificateCheckTests {
    let digest = Digest(words: Words32(7, 7, 7, 7))

    private func signature(_ number: UInt64) -> Signature {
        Signature(first: Words32(number, 0, 0, 0), second: .zero)
    }

    private func accept(_ voter: Int, _ instance: inout ConsensusInstance, _ view: View) throws {
        let index = ReplicaIndex(voter)
        let found = instance.round(.first)
        let place = try #require(found)
        _ = instance.rounds[place].accepts.add(index, for: digest, weight: view.weight(of: index))
        instance.rounds[place].signed.append(
            VoteRound.SignedAccept(voter: index, digest: digest, signature: signature(UInt64(voter))))
    }

    @Test("A vote that comes during the check of three others is neither judged nor lost")
    func aLateVoteIsNotJudged() throws {
        let view = try Samples.view()
        var instance = ConsensusInstance(number: Instance(1))
        for voter in 0..<3 { try accept(voter, &instance, view) }
        instance.decided = digest
        let asked = try #require(instance.uncheckedCertificate(view))
        instance.checking = asked
        try accept(3, &instance, view)
        #expect(instance.endCheck(asked, view: view).isEmpty)
        #expect(instance.uncheckedCertificate(view)?.shares.count == 4)
    }

    @Test("A signature found invalid is dropped, and its maker named")
    func anInvalidSignatureIsNamed() throws {
        let view = try Samples.view()
        var instance = ConsensusInstance(number: Instance(1))
        for voter in 0..<3 { try accept(voter, &instance, view) }
        instance.decided = digest
        let asked = try #require(instance.uncheckedCertificate(view))
        instance.checking = asked
        try accept(3, &instance, view)
        let valid = DecisionCertificate(
            epoch: asked.epoch, instance: asked.instance, digest: asked.digest,
            shares: asked.shares.filter { $0.replica != view[ReplicaIndex(1)].id })
        #expect(instance.endCheck(valid, view: view) == [view[ReplicaIndex(1)].id])
        #expect(
            instance.uncheckedCertificate(view)?.shares.map(\.replica) == [0, 2, 3].map { view[ReplicaIndex($0)].id })
    }
}
