// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

/// With W = 16, K = 256, L = 528.
@Suite("Rules of StopData")
struct StopDataRulesTests {
    let group: TestGroup
    let rules: StopDataRules

    init() throws {
        var settings = GroupSettings()
        settings.window = 16
        settings.checkpointPeriod = 256
        group = try TestGroup(settings: settings)
        rules = StopDataRules(view: group.view)
    }

    func complaint(_ data: StopData) -> StopDataComplaint? {
        do {
            try rules.check(data)
            return nil
        } catch {
            return error
        }
    }

    func data(
        regency: UInt64 = 3, sender: UInt16 = 0, view: UInt64 = 1, base: DecisionCertificate? = nil,
        checkpoint: CheckpointCertificate? = nil, claims: [InstanceClaim] = []
    ) -> StopData {
        StopData(
            epoch: Epoch(view: ViewNumber(view), regency: Regency(regency)), sender: ReplicaID(sender), base: base,
            checkpoint: checkpoint, claims: claims)
    }

    func base(_ instance: UInt64, regency: UInt64 = 1, view: UInt64 = 1) -> DecisionCertificate {
        DecisionCertificate(
            epoch: Epoch(view: ViewNumber(view), regency: Regency(regency)), instance: Instance(instance),
            digest: digest(1), shares: [])
    }

    func checkpoint(_ instance: UInt64, view: UInt64 = 1) -> CheckpointCertificate {
        CheckpointCertificate(view: ViewNumber(view), instance: Instance(instance), digest: digest(1), shares: [])
    }

    @Test("what a correct replica says is in order")
    func valid() {
        #expect(complaint(data()) == nil)
        #expect(complaint(data(regency: 2, base: base(1))) == nil)
        let claims = [
            claim(285), claim(286, wrote: [vote(1, 1), vote(2, 2)]), claim(299, lock: vote(2)),
            claim(302, lock: vote(1, 7), wrote: [vote(2, 5), vote(1, 7)]),
        ]
        #expect(complaint(data(base: base(300, regency: 2), checkpoint: checkpoint(256), claims: claims)) == nil)
    }

    @Test("a StopData begins a later regency than the first, in this view, by a member")
    func epochs() {
        #expect(complaint(data(regency: 1)) == .firstRegency)
        #expect(complaint(data(regency: 0)) == .firstRegency)
        #expect(complaint(data(view: 2)) == .wrongView)
        #expect(complaint(data(sender: 4)) == .notMember)
    }

    @Test("certificates are of this view or an earlier one, of a regency and of an instance")
    func certificates() {
        for wrong in [base(5, regency: 0), base(5, view: 2), base(0)] {
            #expect(complaint(data(base: wrong)) == .certificateOutOfRange)
        }
        #expect(complaint(data(checkpoint: checkpoint(256, view: 2))) == .certificateOutOfRange)
        #expect(complaint(data(checkpoint: checkpoint(0))) == .certificateOutOfRange)
    }

    @Test("in a later view, what proves the base may have been signed in an earlier one")
    func earlierCertificates() throws {
        let rules = StopDataRules(view: try TestGroup(view: ViewNumber(2), settings: group.view.settings).view)
        for earlier in [1, 2] as [UInt64] {
            let data = data(view: 2, base: base(300, view: earlier), checkpoint: checkpoint(256, view: earlier))
            #expect(throws: Never.self) { try rules.check(data) }
        }
        for wrong in [data(view: 2, base: base(5, view: 3)), data(view: 2, checkpoint: checkpoint(256, view: 3))] {
            #expect(throws: StopDataComplaint.certificateOutOfRange) { try rules.check(wrong) }
        }
        #expect(throws: StopDataComplaint.wrongView) { try rules.check(data(view: 1)) }
    }

    @Test("claims ascend strictly and name real instances")
    func order() {
        #expect(complaint(data(claims: [claim(2), claim(1)])) == .claimsNotAscending)
        #expect(complaint(data(claims: [claim(2), claim(2)])) == .claimsNotAscending)
        #expect(complaint(data(claims: [claim(0)])) == .claimsNotAscending)
    }

    @Test("claims begin just above base − W, whatever proves the base")
    func lowest() {
        #expect(complaint(data(base: base(300), claims: [claim(285)])) == nil)
        #expect(complaint(data(base: base(300), claims: [claim(284)])) == .claimOutOfRange(Instance(284)))
        #expect(complaint(data(checkpoint: checkpoint(512), claims: [claim(497)])) == nil)
        #expect(complaint(data(checkpoint: checkpoint(512), claims: [claim(496)])) == .claimOutOfRange(Instance(496)))
        #expect(complaint(data(base: base(.max), claims: [claim(5)])) == .claimOutOfRange(Instance(5)))
    }

    @Test("claims end where votes must end")
    func highest() {
        #expect(complaint(data(claims: [claim(544)])) == nil)
        #expect(complaint(data(claims: [claim(545)])) == .claimOutOfRange(Instance(545)))
        #expect(complaint(data(checkpoint: checkpoint(256), claims: [claim(800)])) == nil)
        #expect(complaint(data(checkpoint: checkpoint(256), claims: [claim(801)])) == .claimOutOfRange(Instance(801)))
        // A base without a checkpoint lets nobody vote further.
        #expect(complaint(data(base: base(544), claims: [claim(545)])) == .claimOutOfRange(Instance(545)))
        #expect(complaint(data(checkpoint: checkpoint(.max), claims: [claim(.max)])) == nil)
    }

    @Test("there are at most L + W claims")
    func count() {
        let most = (1...544).map { claim($0) }
        #expect(complaint(data(claims: most)) == nil)
        #expect(complaint(data(claims: most + [claim(545)])) == .tooManyClaims)
    }

    @Test("votes are of regencies that have been; 0 is none")
    func regencies() {
        for wrong in [0, 3, 4, UInt64.max] {
            #expect(complaint(data(claims: [claim(9, lock: vote(wrong))])) == .regencyOutOfRange(Instance(9)))
            #expect(complaint(data(claims: [claim(9, wrote: [vote(wrong)])])) == .regencyOutOfRange(Instance(9)))
        }
        #expect(complaint(data(claims: [claim(9, lock: vote(2), wrote: [vote(2)])])) == nil)
    }

    @Test("a write set names each digest once, in order")
    func writeSets() {
        for wrong in [[vote(1, 2), vote(2, 1)], [vote(1, 2), vote(2, 2)]] {
            #expect(complaint(data(claims: [claim(9, wrote: wrong)])) == .writeSetNotAscending(Instance(9)))
        }
    }

    @Test("a slow replica's base may be decided in the regency that begins, or later; its votes may not be of it")
    func baseOfNewRegency() {
        #expect(complaint(data(base: base(5, regency: 3), claims: [claim(6, lock: vote(2))])) == nil)
        #expect(complaint(data(base: base(5, regency: 4))) == nil)
        let voted = data(base: base(5, regency: 3), claims: [claim(6, lock: vote(3))])
        #expect(complaint(voted) == .regencyOutOfRange(Instance(6)))
    }

    @Test("a lock of a digest that its holder sent no WRITE for is in order: an equivocating leader can cause it")
    func lockOutsideWriteSet() {
        #expect(complaint(data(claims: [claim(9, lock: vote(2, 1), wrote: [vote(2, 5)])])) == nil)
    }
}
