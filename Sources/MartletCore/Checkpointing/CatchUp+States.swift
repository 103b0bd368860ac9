// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The others' newer states, and those that keep what comes after the one that this replica has taken over.
extension CatchUp {
    package mutating func noteOffer(_ certificate: CheckpointCertificate, of member: ReplicaIndex, at now: Instant) {
        offers[member] = Offer(certificate: certificate, at: now)
        hasOffers = true
    }

    /// Not long ago.
    func hasOffered(_ member: ReplicaIndex, at now: Instant, patience: Interval) -> Bool {
        offers[member].map { now.since($0.at) <= patience * UInt64(16 + offers.count) } ?? false
    }

    package mutating func noteDecisions(of member: ReplicaIndex) { offers[member] = nil }

    /// The newest state offered, and by whom, when so many offer one in place of decisions that a correct member is among them, or
    /// when nobody is left who may have decisions: one liar cannot have a replica that is a little behind fetch a whole state.
    package func state(
        beyond instance: Instance, at now: Instant, patience: Interval, byAnyone: Bool = false
    ) -> (certificate: CheckpointCertificate, source: ReplicaIndex)? {
        guard hasOffers else { return nil }
        var offering = ReplicaSet()
        var newest: (certificate: CheckpointCertificate, source: ReplicaIndex)?
        for position in offers.indices {
            let member = ReplicaIndex(position)
            guard let offer = offers[member], offer.certificate.instance > instance,
                hasOffered(member, at: now, patience: patience)
            else { continue }
            offering.insert(member)
            if newest.map({ $0.certificate.instance < offer.certificate.instance }) ?? true {
                newest = (offer.certificate, member)
            }
        }
        guard let newest else { return nil }
        if byAnyone || offering.count >= weakCount { return newest }
        let isAnybodyLeft = candidates(beyond: instance).contains {
            !offering.contains($0) && manners[$0].isThere
        }
        return isAnybodyLeft ? nil : newest
    }

    package mutating func begin(with keepers: ReplicaSet, after base: CheckpointName) {
        self.keepers = keepers
        self.base = base
        begin()
    }

    package mutating func beginWithoutKeepers() {
        keepers = ReplicaSet()
        base = nil
        begin()
    }

    private mutating func begin() {
        trial.restart()
        offers = ReplicaTable(repeating: nil, count: offers.count)
        hasOffers = false
        manners = ReplicaTable(repeating: Manners(), count: manners.count)
    }

    package mutating func caughtUp() {
        beginWithoutKeepers()
        trial.succeed()
    }

    /// It says that it has only a newer state.
    package mutating func lacks(_ member: ReplicaIndex) { keepers.remove(member) }

    /// Gives up those that do not bring this replica, so many decisions behind, nearer to the others.
    package mutating func judgeKeepers(gap: Int, at now: Instant, period: Interval) {
        guard !keepers.isEmpty, !trial.isWon(gap: gap, at: now, period: period) else { return }
        keepers = ReplicaSet()
    }

    /// It could not have taken what they had.
    package mutating func excuseKeepers() { trial.restart() }

    mutating func noteMiss(of member: ReplicaIndex, at now: Instant) {
        manners[member].missed(at: now)
        if manners[member].isSilent { keepers.remove(member) }
    }

    /// Whether one of them may have what comes after that instance: not one that died before it was there.
    package func hasKeeper(beyond instance: Instance) -> Bool { keepers.contains { decided[$0] > instance } }
}
