// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What is known of the others' progress, and whom to ask for what this replica lacks.
package struct CatchUp: Sendable {
    private struct Fetch: Sendable {
        let source: ReplicaIndex
        let since: Instant
        /// Then another one is asked.
        let until: Instant
        /// The decision that was asked for first; nil where it was a checkpoint.
        let first: Instance?
    }

    struct Offer: Sendable {
        let certificate: CheckpointCertificate
        let at: Instant
    }

    private var me: ReplicaIndex
    private(set) var weakCount: Int
    /// The present view's members stand before that position.
    private var n: Int
    /// Of the newest view that is proved, if it is not the present one, and how many of them contain a correct one.
    private var newest = ReplicaSet()
    private var newestWeakCount = 0
    var decided: ReplicaTable<Instance>
    private var regencies: ReplicaTable<Regency>
    private var fetch: Fetch?
    private struct Question {
        let at: Instant
        let first: Instance?
    }

    /// What each member was asked last.
    private var asked: ReplicaTable<Question?>
    /// Those that keep the decisions after the state that this replica has taken over, as far as is known: who does not would only
    /// offer a newer state.
    package internal(set) var keepers = ReplicaSet()
    /// That state.
    package internal(set) var base: CheckpointName?
    var trial = KeeperTrial()
    private var wasKeeperAsked = false
    /// Which newer state each member has offered in answer to a question.
    var offers: ReplicaTable<Offer?>
    var hasOffers = false
    /// How well each member answers.
    var manners: ReplicaTable<Manners>
    private var nextSource: Int
    /// The instance whose state is being installed; nothing is executed meanwhile.
    package var installing: CheckpointCertificate?
    /// The highest instance that f+1 others, so a correct one among them, claim to have decided.
    package private(set) var known = Instance.zero
    /// The highest regency that f+1 others have entered.
    package private(set) var enteredByOthers = Regency.none

    package init(view: View, newest: View? = nil, peers: Peers, seed: UInt64) {
        me = peers.me
        n = view.n
        weakCount = view.quorum.weakCount
        self.newest = peers.newest
        newestWeakCount = newest?.quorum.weakCount ?? 0
        decided = ReplicaTable(repeating: .zero, count: peers.count)
        regencies = ReplicaTable(repeating: .first, count: peers.count)
        asked = ReplicaTable(repeating: nil, count: peers.count)
        offers = ReplicaTable(repeating: nil, count: peers.count)
        manners = ReplicaTable(repeating: Manners(), count: peers.count)
        nextSource = Int(seed % UInt64(peers.count))
    }

    /// Whose word counts from here on. What was known to be decided stays so.
    package mutating func count(_ view: View, newest: View, of peers: Peers) {
        me = peers.me
        n = view.n
        weakCount = view.quorum.weakCount
        self.newest = peers.newest
        newestWeakCount = newest.quorum.weakCount
        enteredByOthers = reached(regencies, least: .none, by: weakCount) { $0.position < n }
    }

    /// Others from here on.
    package mutating func follow(_ move: PeerMove) {
        decided.follow(move, fresh: .zero)
        regencies.follow(move, fresh: .first)
        asked.follow(move, fresh: nil)
        offers.follow(move, fresh: nil)
        manners.follow(move, fresh: Manners())
        keepers = move.new(keepers)
        if let fetch {
            self.fetch = move.new(fetch.source).map {
                Fetch(source: $0, since: fetch.since, until: fetch.until, first: fetch.first)
            }
        }
        nextSource = 0
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
        known = max(known, reached(decided, least: .zero, by: weakCount) { $0.position < n })
        // Of each view's members f may lie, so that they are counted apart.
        guard !newest.isEmpty else { return }
        known = max(known, reached(decided, least: .zero, by: newestWeakCount) { newest.contains($0) })
    }

    package mutating func note(_ regency: Regency, of member: ReplicaIndex) {
        guard regency > regencies[member], member != me else { return }
        regencies[member] = regency
        enteredByOthers = reached(regencies, least: .none, by: weakCount) { $0.position < n }
    }

    package func regency(of member: ReplicaIndex) -> Regency { regencies[member] }

    private func reached<Value: Comparable>(
        _ table: ReplicaTable<Value>, least: Value, by count: Int, of isCounted: (ReplicaIndex) -> Bool
    ) -> Value {
        var values: [Value] = []
        for position in table.indices {
            let member = ReplicaIndex(position)
            if member != me, isCounted(member) { values.append(table[member]) }
        }
        guard count > 0, values.count >= count else { return least }
        values.sort(by: >)
        return values[count - 1]
    }

    // MARK: Fetching

    package var isFetching: Bool { fetch != nil }

    /// Whom to ask now, for that decision or for a checkpoint; nil while a source may still answer, or when nobody else is that far.
    package mutating func source(
        beyond instance: Instance, for first: Instance?, at now: Instant, patience: Interval
    ) -> ReplicaIndex? {
        if let fetch {
            if fetch.until > now { return nil }
            noteMiss(of: fetch.source, at: now)
        }
        guard let chosen = next(beyond: instance, at: now, patience: patience) else {
            fetch = nil
            return nil
        }
        nextSource = chosen.position + 1
        // Where all are slow asking one after the other would have the same sent by each of them, and all become slower.
        let isAlone = !candidates(beyond: instance).contains {
            $0 != chosen && keepers.contains($0) == keepers.contains(chosen)
                && isPrompt($0, at: now, patience: patience)
        }
        let until = now + (isAlone ? manners[chosen].patience(patience) : patience)
        fetch = Fetch(source: chosen, since: now, until: until, first: first)
        asked[chosen] = Question(at: now, first: first)
        wasKeeperAsked = keepers.contains(chosen)
        return chosen
    }

    /// Keepers first, and those first that did not let this replica wait lately. Where keepers are so few that all may be liars,
    /// every second question goes to somebody else.
    private func next(beyond instance: Instance, at now: Instant, patience: Interval) -> ReplicaIndex? {
        let candidates = candidates(beyond: instance)
        func prompt(_ some: [ReplicaIndex]) -> ReplicaIndex? {
            some.first { isPrompt($0, at: now, patience: patience) }
        }
        let keeping = candidates.filter { keepers.contains($0) }
        let others = candidates.filter { !keepers.contains($0) }
        if wasKeeperAsked, keepers.count < weakCount, let other = prompt(others) { return other }
        // Who offers a state has no decisions; what the others have is the question.
        let open = others.filter { !hasOffered($0, at: now, patience: patience) && manners[$0].isThere }
        return prompt(keeping) ?? keeping.first ?? prompt(open) ?? open.first ?? prompt(others) ?? others.first
    }

    /// Those that are further, in turns.
    func candidates(beyond instance: Instance) -> [ReplicaIndex] {
        (0..<decided.count).map { ReplicaIndex((nextSource + $0) % decided.count) }
            .filter { $0 != me && decided[$0] > instance }
    }

    func isPrompt(_ member: ReplicaIndex, at now: Instant, patience: Interval) -> Bool {
        manners[member].isPrompt(at: now, patience: patience)
    }

    package func wasAsked(_ member: ReplicaIndex, at now: Instant, within time: Interval) -> Bool {
        asked[member].map { now.since($0.at) <= time } ?? false
    }

    /// What that member is being waited for to send: `first` of decisions, or a checkpoint.
    package func isAwaited(_ member: ReplicaIndex, for first: Instance) -> Bool {
        fetch.map { $0.source == member && $0.first == first } ?? false
    }

    package func isAwaitedForCheckpoint(_ member: ReplicaIndex) -> Bool {
        fetch.map { $0.source == member && $0.first == nil } ?? false
    }

    /// The source answered, so the next may be asked at once. Never the same one again: a liar that answers with nothing, or with
    /// little, would be the only one asked. What is of no use counts as no answer, and what comes too late makes a slow one no faster: a
    /// liar that always does either would be counted on for ever. `first` is where the decisions begin that it sent.
    package mutating func answered(
        by member: ReplicaIndex, from first: Instance? = nil, usefully isUseful: Bool, at now: Instant,
        patience: Interval
    ) {
        // Late, and others were faster; yet it has what was lacking.
        let isItsQuestion = first != nil && asked[member]?.first == first
        if isUseful || isItsQuestion { manners[member].silence = 0 }
        guard let fetch, fetch.source == member else { return }
        if !isUseful, let first, let awaited = fetch.first, first < awaited { return }
        self.fetch = nil
        if isUseful {
            manners[member].answered(at: now, isInTime: now.since(fetch.since) <= patience)
        } else {
            noteMiss(of: member, at: now)
        }
    }

    /// It said what may be of use together with what others say; so they are asked first. A liar that always says something else would be
    /// the only one asked.
    package mutating func answered(withAWord member: ReplicaIndex, at now: Instant) {
        guard fetch?.source == member else { return }
        fetch = nil
        manners[member].slowness = max(1, manners[member].slowness)
        manners[member].answered(at: now, isInTime: false)
    }
}
