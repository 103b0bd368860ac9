// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a StopData must look like whoever signed it. Pure: signatures are `Verifier`'s.
///
/// Nothing that a correct replica may send is refused. So two rules that seem to suggest themselves are missing on
/// purpose:
///
/// - *A lock's digest stands in the write set with at least the lock's regency.* An equivocating leader shows one
///   replica batch d′ and the others d. It sends WRITE for d′, gets a quorum of WRITEs for d and the batch, locks d and
///   sends ACCEPT (protocol §5, step 3), but never a second WRITE in that regency. Nothing is lost: the correct members
///   of that quorum, f+1 at least, have d in their write sets.
/// - *The base was decided in an earlier regency than the one that begins.* A replica that is slow to enter regency r
///   may have decided by the others' ACCEPTs of r, which prove its base as well as any. Nothing is lost: what is decided
///   stays decided, and locks and write sets, which do end before r, alone bind digests.
package struct StopDataRules: Sendable {
    package let view: View

    package init(view: View) { self.view = view }

    package func check(_ data: StopData) throws(StopDataComplaint) {
        guard data.epoch.view == view.number else { throw .wrongView }
        guard data.epoch.regency > .first else { throw .firstRegency }
        guard view.index(of: data.sender) != nil else { throw .notMember }
        try checkCertificates(of: data)
        guard data.claims.count <= view.settings.voteLimit + view.settings.window else { throw .tooManyClaims }
        var previous = Instance.zero
        for claim in data.claims {
            guard claim.instance > previous else { throw .claimsNotAscending }
            previous = claim.instance
            try check(claim, in: data)
        }
    }

    private func checkCertificates(of data: StopData) throws(StopDataComplaint) {
        if let base = data.base {
            guard base.epoch.view <= view.number, base.epoch.regency > .none, base.instance > .zero else {
                throw .certificateOutOfRange
            }
        }
        if let checkpoint = data.checkpoint {
            guard checkpoint.view <= view.number, checkpoint.instance > .zero else { throw .certificateOutOfRange }
        }
    }

    /// Claims reach from just above base − W to the limit of votes, which the newest stable checkpoint gives. The limit
    /// is taken W wider than it is, since nothing depends on it but the size of the list.
    private func check(_ claim: InstanceClaim, in data: StopData) throws(StopDataComplaint) {
        let window = view.settings.window
        let first = (data.provenBase - window).next
        let last = (data.checkpoint?.instance ?? .zero) + (view.settings.voteLimit + window)
        guard claim.instance >= first, claim.instance <= last else { throw .claimOutOfRange(claim.instance) }
        if let lock = claim.lock {
            guard isPast(lock.regency, in: data) else { throw .regencyOutOfRange(claim.instance) }
        }
        var previous: Digest?
        for written in claim.writeSet {
            guard isPast(written.regency, in: data) else { throw .regencyOutOfRange(claim.instance) }
            if let previous, written.digest <= previous { throw .writeSetNotAscending(claim.instance) }
            previous = written.digest
        }
    }

    private func isPast(_ regency: Regency, in data: StopData) -> Bool {
        regency > .none && regency < data.epoch.regency
    }
}
