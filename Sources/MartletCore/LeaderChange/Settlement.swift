// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a SYNC makes of the instances it settles: a pure function of the set S of collected STOPDATA, computed by every
/// replica for itself (protocol §6; the predicates are those of Cachin, *Yet Another Visit to Paxos*, and Sousa &
/// Bessani, EDCC'12, with weights).
package struct Settlement: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Proposed again with exactly this digest.
        case bound(Digest)
        /// Nothing can have been decided; an empty batch fills the hole.
        case empty
    }

    /// Everything up to here is decided, or covered by a stable checkpoint, and gets no votes in this epoch.
    package let floor: Instance
    /// The outcomes of floor+1, floor+2, …; everything above them is proposed afresh.
    package let outcomes: [Outcome]
    /// e: the highest base that S proves to be decided.
    package let provenBase: Instance

    package var ceiling: Instance { floor + outcomes.count }

    package func outcome(of instance: Instance) -> Outcome? {
        guard instance > floor, instance <= ceiling else { return nil }
        return outcomes[instance.distance(beyond: floor) - 1]
    }

    /// Nil while S is not a quorum or not sound for some instance: wait for more STOPDATA.
    package static func settle(_ collected: [StopData], view: View, viewEnd: Instance = .zero) -> Settlement? {
        let members = collected.compactMap { view.index(of: $0.sender) }
        let reporters = ReplicaSet(members)
        guard members.count == collected.count, reporters.count == collected.count, view.isQuorum(reporters) else {
            return nil
        }
        let base = collected.map(\.provenBase).max() ?? .zero
        let checkpoint = collected.compactMap { $0.checkpoint?.instance }.max() ?? .zero
        let floor = max(base - view.settings.window, checkpoint, viewEnd)
        let highest = collected.compactMap { $0.claims.last?.instance }.max() ?? .zero
        var judged: [Outcome] = []
        var instance = floor.next
        while instance <= highest {
            let reports = zip(members, collected).map { Report(member: $0, claim: $1.claim(of: instance)) }
            guard let outcome = judge(reports, view: view) else { return nil }
            judged.append(outcome)
            instance = instance.next
        }
        // Unbound instances above the last bound one get fresh batches.
        while case .empty? = judged.last { judged.removeLast() }
        return Settlement(floor: floor, outcomes: judged, provenBase: base)
    }

    private struct Report {
        let member: ReplicaIndex
        let claim: InstanceClaim?
        var lockRegency: Regency { claim?.lock?.regency ?? .none }
    }

    /// Nil when S is not sound for this instance.
    private static func judge(_ reports: [Report], view: View) -> Outcome? {
        let locks = reports.compactMap { $0.claim?.lock }
        let bound: RegencyDigest?
        switch view.faultModel {
        case .byzantine: bound = highest(locks.filter { isBound($0, reports: reports, view: view) })
        case .crash: bound = highest(locks)
        }
        if let bound { return .bound(bound.digest) }
        let lockless = ReplicaSet(reports.filter { $0.claim?.lock == nil }.map(\.member))
        return view.isQuorum(lockless) ? .empty : nil
    }

    /// The highest regency, then the least digest: everyone resolves alike.
    private static func highest(_ locks: [RegencyDigest]) -> RegencyDigest? {
        locks.max { left, right in
            left.regency != right.regency ? left.regency < right.regency : left.digest > right.digest
        }
    }

    /// Quorum-highest and certified.
    private static func isBound(_ lock: RegencyDigest, reports: [Report], view: View) -> Bool {
        let agreeing = reports.filter { $0.lockRegency < lock.regency || $0.claim?.lock == lock }
        guard view.isQuorum(ReplicaSet(agreeing.map(\.member))) else { return false }
        let certifying = reports.filter { report in
            report.claim?.writeSet.contains { $0.digest == lock.digest && $0.regency >= lock.regency } == true
        }
        return view.isWeakCertificate(ReplicaSet(certifying.map(\.member)))
    }
}

extension StopData {
    /// Claims are in ascending order (checked when the message was verified).
    fileprivate func claim(of instance: Instance) -> InstanceClaim? {
        var low = 0
        var high = claims.count
        while low < high {
            let middle = (low + high) / 2
            if claims[middle].instance == instance { return claims[middle] }
            if claims[middle].instance < instance { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}
