// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What is known of the others' progress, and whom to ask for what this replica lacks.
package struct CatchUp: Sendable {
    private struct Fetch: Sendable {
        let source: ReplicaIndex
        let since: Instant
    }

    private let me: ReplicaIndex
    private var decided: ReplicaTable<Instance>
    private var regencies: ReplicaTable<Regency>
    private var fetch: Fetch?
    private var nextSource: Int
    /// The instance whose state is being installed; nothing is executed meanwhile.
    package var installing: CheckpointCertificate?

    package init(n: Int, me: ReplicaIndex, seed: UInt64) {
        self.me = me
        decided = ReplicaTable(repeating: .zero, count: n)
        regencies = ReplicaTable(repeating: .first, count: n)
        nextSource = Int(seed % UInt64(n))
    }

    package mutating func note(_ progress: Progress, from member: ReplicaIndex) {
        decided[member] = max(decided[member], progress.decided)
        note(progress.epoch.regency, of: member)
    }

    package mutating func note(decided instance: Instance, of member: ReplicaIndex) {
        decided[member] = max(decided[member], instance)
    }

    package mutating func note(_ regency: Regency, of member: ReplicaIndex) {
        regencies[member] = max(regencies[member], regency)
    }

    package func regency(of member: ReplicaIndex) -> Regency { regencies[member] }

    /// The highest instance that a correct replica claims to have decided.
    package func known(_ view: View) -> Instance {
        var others = decided
        others[me] = .zero
        return others.reached(byAtLeast: min(view.quorum.weakCount, max(1, view.n - 1)))
    }

    /// The highest regency that f+1 others have entered.
    package func enteredByOthers(_ view: View) -> Regency {
        var others = regencies
        others[me] = .none
        return view.n == 1 ? .none : others.reached(byAtLeast: view.quorum.weakCount)
    }

    // MARK: Fetching

    package func fetchDeadline(_ patience: Interval) -> Instant? { fetch.map { $0.since + patience } }

    package var isFetching: Bool { fetch != nil }

    /// Whom to ask now; nil while a source may still answer, or when nobody else is that far.
    package mutating func source(beyond instance: Instance, at now: Instant, patience: Interval) -> ReplicaIndex? {
        if let fetch, fetch.since + patience > now { return nil }
        for step in 0..<decided.count {
            let candidate = ReplicaIndex((nextSource + step) % decided.count)
            guard candidate != me, decided[candidate] > instance else { continue }
            nextSource = candidate.position + 1
            fetch = Fetch(source: candidate, since: now)
            return candidate
        }
        fetch = nil
        return nil
    }

    /// The source answered; it may be asked again at once.
    package mutating func answered(by member: ReplicaIndex) {
        guard fetch?.source == member else { return }
        fetch = nil
        nextSource = member.position
    }
}
