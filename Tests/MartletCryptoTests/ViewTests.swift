// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

/// Five members, one fault: a quorum weighs 5 of 7. Replicas 0 and 1 are heavy in view 1, which ends with instance 10, and
/// 3 and 4 in view 2: so 0, 1, 2 are a quorum of the first only, and 2, 3, 4 of the second only.
@Suite("Views that follow")
struct ViewTests {
    let first: TestGroup
    let second: TestGroup
    let third: TestGroup
    let verifier: Verifier<Ed25519Scheme>

    init() throws {
        first = try TestGroup(n: 5)
        second = try first.following(heavy: [3, 4])
        third = try second.following(heavy: [0, 1])
        verifier = first.verifier
    }

    func error(_ message: PeerMessage, from sender: UInt16 = 0) -> VerificationError? {
        do {
            _ = try verifier.verify(message, from: ReplicaID(sender))
            return nil
        } catch {
            return error
        }
    }

    func error(_ certificates: ViewCertificate...) -> VerificationError? {
        error(.views(ViewChainPart(certificates: certificates)))
    }

    /// `proof` with some of it changed, and the shares as they were.
    func altered(
        _ proof: ViewCertificate, view: UInt64? = nil, last: UInt64? = nil, next: View? = nil,
        shares: [SignatureShare]? = nil
    ) -> ViewCertificate {
        ViewCertificate(
            view: view.map { ViewNumber($0) } ?? proof.view, last: last.map { Instance($0) } ?? proof.last,
            next: next ?? proof.next, shares: shares ?? proof.shares)
    }

    // MARK: INSTALL

    @Test("an INSTALL is its sender's, for exactly that end and that view")
    func install() throws {
        let install = first.install(2, last: 10, next: second.view)
        let verified = try verifier.verify(.install(install), from: ReplicaID(2))
        #expect(verified == .install(Verified(install, sender: .replica(ReplicaID(2)))))
        #expect(error(.install(install), from: 3) == .invalidSignature)
        #expect(error(.install(install), from: 9) == .notMember(ReplicaID(9)))
        let other = try first.following(heavy: [2, 3]).view
        for (last, next) in [(11, second.view), (9, second.view), (10, other)] as [(UInt64, View)] {
            let forged = Install(
                view: .genesis, last: Instance(last), next: next, signature: install.signature)
            #expect(error(.install(forged), from: 2) == .invalidSignature)
        }
        let unsigned = Install(view: .genesis, last: Instance(10), next: second.view)
        #expect(error(.install(unsigned), from: 2) == .invalidSignature)
    }

    @Test("an INSTALL for a view that cannot follow is refused, though validly signed")
    func impossibleInstalls() throws {
        let stranger = try TestGroup(n: 5, group: digest(9)).following(heavy: [3, 4]).view
        #expect(error(.install(first.install(0, last: 10, next: stranger))) == .wrongView(ViewNumber(2)))
        for next in [first.view, third.view] {
            #expect(error(.install(first.install(0, last: 10, next: next))) == .wrongView(next.number))
        }
        #expect(error(.install(first.install(0, last: 0, next: second.view))) == .numberOutOfRange)
        #expect(error(.install(first.install(0, last: .max, next: second.view))) == .numberOutOfRange)
        // Of a view that is not known, and then of one that ends before it begins.
        #expect(error(.install(second.install(0, last: 20, next: third.view))) == .wrongView(ViewNumber(2)))
        verifier.views.add(first.proof(of: second.view, last: 10))
        #expect(error(.install(second.install(0, last: 20, next: third.view))) == nil)
        #expect(error(.install(second.install(0, last: 11, next: third.view))) == nil)
        #expect(error(.install(second.install(0, last: 10, next: third.view))) == .wrongView(ViewNumber(3)))
    }

    @Test("an INSTALL made for one view is none for another, and no vote")
    func bindings() {
        verifier.views.add(first.proof(of: second.view, last: 10))
        let ofFirst = first.install(0, last: 20, next: third.view)
        let asSecond = Install(
            view: ViewNumber(2), last: ofFirst.last, next: third.view, signature: ofFirst.signature)
        #expect(error(.install(asSecond)) == .invalidSignature)
        let vote = CheckpointVote(
            view: .genesis, instance: Instance(10), digest: digest(1),
            signature: first.install(0, last: 10, next: second.view).signature)
        #expect(error(.checkpoint(vote)) == .invalidSignature)
        let elsewhere = first.sealer(0, group: digest(9))
        guard
            case .install(let foreign) = elsewhere.seal(
                .install(Install(view: .genesis, last: Instance(10), next: second.view)))
        else { return }
        #expect(error(.install(foreign)) == .invalidSignature)
    }

    // MARK: Chains

    @Test("a chain is followed by the weights of each view that ends")
    func chain() throws {
        let part = ViewChainPart(certificates: [
            first.proof(of: second.view, last: 10), second.proof(of: third.view, last: 12, by: [2, 3, 4]),
        ])
        #expect(
            try verifier.verify(.views(part), from: ReplicaID(4))
                == .views(
                    Verified(part, sender: .replica(ReplicaID(4)))))
        #expect(verifier.view == third.view)
        #expect(error(.views(part)) == nil, "once more it is no news")
        #expect(error(.views(part), from: 9) == .notMember(ReplicaID(9)))
        #expect(verifier.views.chain(after: .genesis) == part)
    }

    @Test("a proof is a quorum of the view that ends: not light, nobody twice, no stranger, nobody's other word")
    func forged() throws {
        let good = first.proof(of: second.view, last: 10)
        let (shares, everyone) = (good.shares, first.proof(of: second.view, last: 10, by: [0, 1, 2, 3, 4]).shares)
        let stranger = SignatureShare(replica: ReplicaID(9), signature: shares[0].signature)
        let borrowed = SignatureShare(replica: ReplicaID(2), signature: shares[0].signature)
        let other = try first.following(heavy: [2, 3]).view
        for bad in [
            [], [shares[0], shares[1]], [everyone[2], everyone[3], everyone[4]], Array(repeating: shares[0], count: 5),
            shares + [shares[0]], [shares[0], shares[1], stranger], shares + [stranger],
            [shares[0], shares[1], borrowed], first.shares(for: second.view, last: 11, by: [0, 1, 2]),
            first.shares(for: other, last: 10, by: [0, 1, 2]),
            second.shares(for: second.view, last: 10, by: [0, 1, 2]),
        ] {
            #expect(error(altered(good, shares: bad)) == .invalidCertificate(Instance(10)))
        }
        #expect(error(altered(good, last: 11)) == .invalidCertificate(Instance(11)))
        #expect(error(altered(good, next: other)) == .invalidCertificate(Instance(10)))
        let elsewhere = try TestGroup(n: 5, group: digest(9))
        let foreign = elsewhere.shares(for: second.view, last: 10, by: [0, 1, 2])
        #expect(error(altered(good, shares: foreign)) == .invalidCertificate(Instance(10)))
        #expect(verifier.view == first.view, "nothing of it was learnt")
        #expect(error(good) == nil)
    }

    @Test("a proof of what cannot follow is refused, whoever signed it")
    func impossible() throws {
        let everyone = [0, 1, 2, 3, 4]
        let elsewhere = try TestGroup(n: 5, group: digest(9)).following(heavy: [3, 4]).view
        #expect(error(first.proof(of: elsewhere, last: 10, by: everyone)) == .wrongView(ViewNumber(2)))
        for next in [first.view, third.view] {
            #expect(error(first.proof(of: next, last: 10, by: everyone)) == .wrongView(next.number))
        }
        #expect(error(first.proof(of: second.view, last: 0, by: everyone)) == .numberOutOfRange)
        #expect(error(first.proof(of: second.view, last: .max, by: everyone)) == .numberOutOfRange)
        let unknown = second.proof(of: third.view, last: 12, by: everyone)
        #expect(error(unknown) == .wrongView(ViewNumber(2)))
        let good = first.proof(of: second.view, last: 10)
        #expect(error(good, second.proof(of: third.view, last: 10, by: everyone)) == .wrongView(ViewNumber(3)))
        #expect(error(unknown, good) == nil, "by now the first has been learnt: it was proved")
        #expect(verifier.view == third.view)
    }

    @Test("what was proved before a forged one stays, and the honest part is taken all the same")
    func halfForged() {
        let good = first.proof(of: second.view, last: 10)
        let light = second.proof(of: third.view, last: 12, by: [0, 1, 2])
        #expect(error(good, light) == .invalidCertificate(Instance(12)))
        #expect(verifier.view == second.view)
        #expect(error(good, second.proof(of: third.view, last: 12, by: [2, 3, 4])) == nil)
        #expect(verifier.view == third.view)
    }

    @Test("what is known is not checked again, and not taken over in the words of whoever says it again")
    func again() throws {
        let scheme = CountingScheme()
        let verifier = Verifier(view: first.view, scheme: scheme, rememberedSignaturesMax: 0)
        let client = ReplyVerifier(view: first.view, scheme: scheme)
        func heard(_ certificates: ViewCertificate...) throws -> [ViewCertificate] {
            let part = ViewChainPart(certificates: certificates)
            guard case .views(let heard) = try verifier.verify(.views(part), from: ReplicaID(3)),
                case .views(let told) = try client.verify(.views(part), from: ReplicaID(3)).message
            else { return [] }
            #expect(heard.message == told)
            return told.certificates
        }
        let (good, later) = (first.proof(of: second.view, last: 10), second.proof(of: third.view, last: 12))
        let weightier = second.proof(of: third.view, last: 12, by: [2, 3, 4])
        #expect(try heard(good) == [good])
        let checks = scheme.count
        #expect(checks > 0)
        let unsigned = ViewCertificate(view: good.view, last: good.last, next: good.next, shares: [])
        for _ in 0..<3 { #expect(try heard(good, unsigned) == [good, good]) }
        #expect(scheme.count == checks)
        #expect(try heard(unsigned, weightier) == [good, weightier])
        #expect(scheme.count > checks)
        // Nothing else passes for known.
        for other in [
            ViewCertificate(view: good.view, last: Instance(9), next: good.next, shares: good.shares),
            ViewCertificate(view: later.view, last: good.last, next: good.next, shares: good.shares),
            first.proof(of: third.view, last: 10),
        ] {
            #expect(throws: VerificationError.self) { try heard(other) }
        }
    }

    // MARK: What belongs to a view

    @Test("certificates are judged by the weights of their own view, for its own instances")
    func certificates() {
        func verdicts(_ group: TestGroup, _ instance: UInt64, _ signers: [Int]) -> Bool {
            let decision = verifier.isProof(group.decision(of: instance, by: signers))
            #expect(verifier.isProof(group.checkpoint(of: instance, by: signers)) == decision)
            return decision
        }
        #expect(verdicts(first, 11, [0, 1, 2]), "while no end is known")
        #expect(!verdicts(second, 11, [2, 3, 4]), "not known yet")
        verifier.views.add(first.proof(of: second.view, last: 10))
        #expect(verdicts(first, 10, [0, 1, 2]) && !verdicts(first, 10, [2, 3, 4]))
        #expect(verdicts(second, 11, [2, 3, 4]) && !verdicts(second, 11, [0, 1, 2]))
        #expect(!verdicts(first, 11, [0, 1, 2, 3, 4]) && !verdicts(second, 10, [0, 1, 2, 3, 4]))
        verifier.views.add(second.proof(of: third.view, last: 12, by: [2, 3, 4]))
        #expect(verdicts(second, 12, [2, 3, 4]) && !verdicts(second, 13, [2, 3, 4]))
        #expect(!verdicts(third, 12, [0, 1, 2]) && verdicts(third, 13, [0, 1, 2]))
        let certificate = second.decision(of: 11, by: [2, 3, 4])
        #expect(verifier.validShares(of: certificate) == certificate)
        let asFirst = DecisionCertificate(
            epoch: first.epoch(1), instance: Instance(10), digest: digest(1), shares: certificate.shares)
        #expect(verifier.validShares(of: asFirst).shares.isEmpty)
    }

    @Test("STOPDATA and SYNC are judged by their own view; what they prove may be of an earlier one")
    func leaderChange() {
        let base = first.decision(of: 10)
        let collected = [2, 3, 4].map { second.stopData(by: $0, base: base) }
        #expect(error(.stopData(collected[0]), from: 2) == .wrongView(ViewNumber(2)))
        #expect(error(.sync(second.sync(collected)), from: 1) == .wrongView(ViewNumber(2)))
        verifier.views.add(first.proof(of: second.view, last: 10))
        #expect(error(.stopData(collected[0]), from: 2) == nil)
        #expect(error(.sync(second.sync(collected)), from: 1) == nil)
        let light = [0, 1, 2].map { second.stopData(by: $0, base: base) }
        #expect(error(.sync(second.sync(light)), from: 1) != nil)
        #expect(error(.sync(first.sync([0, 1, 2].map { first.stopData(by: $0) })), from: 1) == nil)
        let beyond = second.stopData(by: 2, base: first.decision(of: 11))
        #expect(error(.stopData(beyond), from: 2) == .invalidCertificate(Instance(11)))
        let later = first.stopData(by: 2, base: second.decision(of: 11, by: [2, 3, 4]))
        #expect(error(.stopData(later), from: 2) == .stopData(ReplicaID(2), .certificateOutOfRange))
    }
}
