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
    private let weakCount: Int
    private var decided: ReplicaTable<Instance>
    private var regencies: ReplicaTable<Regency>
    private var fetch: Fetch?
    private var nextSource: Int
    /// The instance whose state is being installed; nothing is executed meanwhile.
    package var installing: CheckpointCertificate?
    /// The highest instance that f+1 others, so a correct one among them, claim to have decided.
    package private(set) var known = Instance.zero
    /// The highest regency that f+1 others have entered.
    package private(set) var enteredByOthers = Regency.none

    package init(view: View, me: ReplicaIndex, seed: UInt64) {
        self.me = me
        weakCount = view.quorum.weakCount
        decided = ReplicaTable(repeating: .zero, count: view.n)
        regencies = ReplicaTable(repeating: .first, count: view.n)
        nextSource = Int(seed % UInt64(view.n))
    }

    /// The first regency again, for everyone.
    package mutating func beginView() {
        regencies = ReplicaTable(repeating: .first, count: regencies.count)
        enteredByOthers = .none
    }

    /// Both notes come with every vote, so the sums are made anew only when something grew.
    package mutating func note(decided instance: Instance, of member: ReplicaIndex) {
        guard instance > decided[member], member != me else { return }
        decided[member] = instance
        known = reached(decided, least: .zero)
    }

    package mutating func note(_ regency: Regency, of member: ReplicaIndex) {
        guard regency > regencies[member], member != me else { return }
        regencies[member] = regency
        enteredByOthers = reached(regencies, least: .none)
    }

    package func regency(of member: ReplicaIndex) -> Regency { regencies[member] }

    private func reached<Value: Comparable>(_ table: ReplicaTable<Value>, least: Value) -> Value {
        guard table.count > weakCount else { return least }
        var others = table
        others[me] = least
        return others.reached(byAtLeast: weakCount)
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

    /// The source answered, so the next may be asked at once. Never the same one again: a liar that answers with nothing,
    /// or with little, would be the only one asked.
    package mutating func answered(by member: ReplicaIndex) {
        guard fetch?.source == member else { return }
        fetch = nil
    }
}
