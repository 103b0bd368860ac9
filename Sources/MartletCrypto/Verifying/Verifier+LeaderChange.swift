// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// STOP, STOPDATA and SYNC (protocol §6).
extension Verifier {
    func checked(_ stop: Stop) throws(VerificationError) -> Stop {
        try checkChange(to: Epoch(view: stop.view, regency: stop.regency))
        return stop
    }

    func checked(_ data: StopData, from sender: ReplicaID) throws(VerificationError) -> StopData {
        guard data.sender == sender else { throw .notAuthor(sender) }
        try check(data)
        return data
    }

    /// SYNC is its leader's word, whoever passes it on.
    func verified(_ sync: Sync) throws(VerificationError) -> Verified<Sync> {
        try checkChange(to: sync.epoch)
        let view = try known(sync.epoch.view).view
        try checkAuthors(of: sync, in: view)
        let leader = view[view.leader(of: sync.epoch.regency)]
        guard isValid(sync.signature, of: .sync(sync), by: leader.key, leader.id) else { throw .invalidSignature }
        for data in sync.collected { try check(data) }
        return Verified(sync, sender: .replica(leader.id))
    }

    // MARK: -

    /// Each for this epoch, each of another member, together a quorum.
    private func checkAuthors(of sync: Sync, in view: View) throws(VerificationError) {
        var authors = ReplicaSet()
        for data in sync.collected {
            guard data.epoch == sync.epoch else { throw .collectOfAnotherEpoch(data.sender) }
            guard let index = view.index(of: data.sender) else { throw .notMember(data.sender) }
            guard authors.insert(index) else { throw .collectRepeated(data.sender) }
        }
        guard view.isQuorum(authors) else { throw .collectsNoQuorum }
    }

    /// Rules first, then its own signature, then those inside: what is cheap to refuse is refused cheaply.
    private func check(_ data: StopData) throws(VerificationError) {
        try checkChange(to: data.epoch)
        let view = try known(data.epoch.view).view
        do {
            try StopDataRules(view: view).check(data)
        } catch {
            throw .stopData(data.sender, error)
        }
        guard isValid(data.signature, of: .stopData(data), by: data.sender, in: view) else { throw .invalidSignature }
        if let base = data.base, !isProof(base) { throw .invalidCertificate(base.instance) }
        if let checkpoint = data.checkpoint, !isProof(checkpoint) { throw .invalidCertificate(checkpoint.instance) }
    }

    /// An epoch that a leader change can begin: the first regency begins without one.
    private func checkChange(to epoch: Epoch) throws(VerificationError) {
        try check(epoch)
        guard epoch.regency > .first else { throw .numberOutOfRange }
    }
}
