// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a SYNC makes of each instance (protocol §6), worked out once more from its STOPDATA alone, slowly and without any of
/// the core's code.
package struct NaiveSettlement: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Somebody may have decided this.
        case bound(Digest)
        /// Nobody can have decided anything, but an instance above is bound.
        case hole
        /// Claimed by somebody, but neither it nor anything above is bound.
        case free
    }

    /// The highest instance that any STOPDATA proves to be decided.
    package let base: Instance
    /// By instance, from the first that gets votes on.
    package let outcomes: [(instance: Instance, outcome: Outcome)]

    /// Nil where the SYNC settles nothing: its STOPDATA are not a quorum's, or leave an instance open. `begin` is the last
    /// instance before the view.
    package init?(_ sync: Sync, in view: View, after begin: Instance) {
        var reporters = VoterSet()
        var reports: [Report] = []
        for data in sync.collected {
            let member = data.sender.slot
            guard view.members.contains(where: { $0.id == data.sender }), !reporters.contains(member) else {
                return nil
            }
            reporters.insert(member)
            reports.append(Report(member: member, data: data))
        }
        let rule = NaiveQuorum(view)
        guard rule.isQuorum(reporters) else { return nil }
        base = reports.map(\.base).max() ?? .zero
        var first = max(begin, base - view.settings.window)
        for report in reports { first = max(first, report.data.checkpoint?.instance ?? .zero) }
        let last = reports.flatMap(\.data.claims).map(\.instance).max() ?? .zero
        var found: [(instance: Instance, outcome: Outcome)] = []
        while first < last {
            first = first.next
            if let digest = Self.bound(at: first, reports, rule, isCrash: view.faultModel == .crash) {
                for place in found.indices where found[place].outcome == .free { found[place].outcome = .hole }
                found.append((first, .bound(digest)))
            } else {
                let lockless = reports.filter { $0.lock(of: first) == nil }
                guard rule.isQuorum(Self.members(lockless)) else { return nil }
                found.append((first, .free))
            }
        }
        outcomes = found
    }

    private struct Report {
        let member: Int
        let data: StopData
        var base: Instance { max(data.base?.instance ?? .zero, data.checkpoint?.instance ?? .zero) }

        func lock(of instance: Instance) -> RegencyDigest? { claim(of: instance)?.lock }
        func claim(of instance: Instance) -> InstanceClaim? { data.claims.first { $0.instance == instance } }

        /// Whether it wrote that in the lock's regency or later.
        func wrote(_ lock: RegencyDigest, at instance: Instance) -> Bool {
            claim(of: instance)?.writeSet.contains { $0.digest == lock.digest && $0.regency >= lock.regency } ?? false
        }
    }

    /// Of all locks that nothing contradicts that of the highest regency, of those the least digest.
    private static func bound(
        at instance: Instance, _ reports: [Report], _ rule: NaiveQuorum, isCrash: Bool
    ) -> Digest? {
        var best: RegencyDigest?
        for lock in reports.compactMap({ $0.lock(of: instance) }) {
            let others = reports.filter { report in
                report.lock(of: instance).map { $0 == lock || $0.regency < lock.regency } ?? true
            }
            let writers = reports.filter { $0.wrote(lock, at: instance) }
            guard isCrash || rule.isQuorum(members(others)) && rule.isWeak(members(writers)) else { continue }
            if let known = best, known.regency > lock.regency { continue }
            if let known = best, known.regency == lock.regency, known.digest <= lock.digest { continue }
            best = lock
        }
        return best?.digest
    }

    private static func members(_ reports: [Report]) -> VoterSet {
        var set = VoterSet()
        for report in reports { set.insert(report.member) }
        return set
    }
}
