// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Looks for the best candidate where there are too many to look at all of them. The same input and seed give the same
/// outcome on every machine.
///
/// 1. For each leader, the bound: what it would be with all replicas heavy. A leader whose bound is not below the best
///    that is known cannot do better, and is passed over. Leaders are taken in the order of their bounds.
/// 2. For each leader: from the replicas nearest to it, exchange a heavy replica for a light one as long as that is
///    faster.
/// 3. Again and again for each leader that is left: walk from its best assignment, or every other time from any, taking
///    each exchange that is slower by less than a threshold, which falls to nothing (threshold accepting, Dueck & Scheuer
///    1990: annealing without probabilities); then as in 2. It ends when some turns have found nothing better, or when
///    so much was predicted as may be.
struct AnnealingSearch {
    /// The most predictions of a search: so many, and so many more for each replica.
    static let predictionsMax = 20_000
    static let predictionsPerReplicaMax = 200
    /// So many turns without anything better end a search.
    static let idleTurnsMax = 12
    /// The steps of a walk, for each replica of the group.
    static let stepsPerReplica = 12
    /// A walk begins with taking what is slower by less than one part in so many.
    static let thresholdParts: UInt64 = 8

    private var predictor: ObjectivePredictor
    private let model: LatencyModel
    private let space: WeightAssignments
    private let current: WeightAssignment?
    private let preference: Preference
    private var random: SplitMix64
    private var best: Candidate?

    init(
        _ model: LatencyModel, _ space: WeightAssignments, _ preference: Preference, current: WeightAssignment?,
        seed: UInt64
    ) {
        predictor = ObjectivePredictor(model)
        self.model = model
        self.space = space
        self.current = current
        self.preference = preference
        random = SplitMix64(seed: seed)
    }

    mutating func run() -> SearchOutcome {
        if let current, space.contains(current) { note(Candidate(current, predictor.latency(of: current))) }
        var leaders: [Turn] = leadersByBound()
        for place in leaders.indices where isPromising(leaders[place]) {
            leaders[place].walk = descend(start(leaders[place].leader))
        }
        var idle = 0
        while idle < Self.idleTurnsMax, hasBudget {
            let before = best
            for place in leaders.indices where hasBudget && isPromising(leaders[place]) {
                take(&leaders[place], startsAnywhere: idle % 2 == 1)
            }
            idle = best?.latency == before?.latency ? idle + 1 : 0
        }
        return SearchOutcome(method: .heuristic, best: best, predictions: predictor.count, survey: nil)
    }

    /// A leader, the least that it can reach, and the best that its walks have found.
    private struct Turn {
        let leader: ReplicaIndex
        let bound: Latency
        var walk: Walk?
    }

    private mutating func take(_ turn: inout Turn, startsAnywhere: Bool) {
        let known = turn.walk ?? start(turn.leader)
        let walk = descend(anneal(startsAnywhere ? shuffled(known) : known))
        turn.walk = walk.latency <= known.latency ? walk : known
    }

    /// An assignment as lists, for exchanges: the leader's heavy partners, and the light replicas that could be such.
    private struct Walk {
        let leader: ReplicaIndex
        var heavy: [ReplicaIndex]
        var light: [ReplicaIndex]
        var latency: Latency
    }

    private var hasBudget: Bool {
        predictor.count < Self.predictionsMax + Self.predictionsPerReplicaMax * space.rule.n
    }

    private func isPromising(_ turn: Turn) -> Bool { best.map { turn.bound < $0.latency } ?? true }

    /// A walk may pass through what is rejected.
    private mutating func note(_ candidate: Candidate) {
        guard !space.rejected.contains(candidate.assignment) else { return }
        if best.map({ preference.isBetter(candidate, than: $0) }) ?? true { best = candidate }
    }

    private mutating func note(_ walk: Walk) {
        note(Candidate(space.assignment(leader: walk.leader, partners: walk.heavy), walk.latency))
    }

    private mutating func leadersByBound() -> [Turn] {
        var turns: [Turn] = []
        for leader in space.leaders { turns.append(Turn(leader: leader, bound: predictor.bound(leader: leader))) }
        return turns.sorted {
            ($0.bound, preference.rank(of: $0.leader)) < ($1.bound, preference.rank(of: $1.leader))
        }
    }

    /// The leader with those that are nearest to it.
    private mutating func start(_ leader: ReplicaIndex) -> Walk {
        let partners = space.partners(of: leader).sorted { left, right in
            (model.vote[from: leader, to: left], preference.rank(of: left))
                < (model.vote[from: leader, to: right], preference.rank(of: right))
        }
        var walk = Walk(
            leader: leader, heavy: Array(partners.prefix(space.partnerCount)),
            light: Array(partners.dropFirst(space.partnerCount)), latency: .missing)
        walk.latency = predictor.latency(of: space.assignment(leader: leader, partners: walk.heavy))
        note(walk)
        return walk
    }

    /// Any assignment with the same leader.
    private mutating func shuffled(_ walk: Walk) -> Walk {
        var result = walk
        var all = walk.heavy + walk.light
        for place in all.indices.dropLast() { all.swapAt(place, place + random.below(all.count - place)) }
        result.heavy = Array(all.prefix(walk.heavy.count))
        result.light = Array(all.dropFirst(walk.heavy.count))
        result.latency = predictor.latency(of: space.assignment(leader: walk.leader, partners: result.heavy))
        note(result)
        return result
    }

    /// Exchanges as long as one is faster; ends where none is.
    private mutating func descend(_ start: Walk) -> Walk {
        var walk = start
        let exchanges = walk.heavy.count * walk.light.count
        var place = exchanges > 0 ? random.below(exchanges) : 0
        var tried = 0
        while tried < exchanges, walk.latency != .zero, hasBudget {
            let limit = walk.latency.isMissing ? Latency.missing : Latency(walk.latency.rawValue - 1)
            tried = exchange(&walk, at: place, atMost: limit) ? 0 : tried + 1
            place = (place + 1) % exchanges
        }
        return walk
    }

    private mutating func anneal(_ start: Walk) -> Walk {
        var walk = start
        let exchanges = walk.heavy.count * walk.light.count
        guard exchanges > 0, !walk.latency.isMissing else { return walk }
        let steps = UInt64(Self.stepsPerReplica * space.rule.n)
        let scale = walk.latency.rawValue / Self.thresholdParts
        for step in 0..<steps {
            let threshold = scale * (steps - 1 - step) / steps
            let limit = Latency(walk.latency.rawValue + threshold)
            exchange(&walk, at: random.below(exchanges), atMost: limit)
        }
        return walk
    }

    /// Exchanges one heavy replica for a light one if that gives a latency within the limit.
    @discardableResult
    private mutating func exchange(_ walk: inout Walk, at place: Int, atMost limit: Latency) -> Bool {
        let (heavy, light) = place.quotientAndRemainder(dividingBy: walk.light.count)
        swap(&walk.heavy[heavy], &walk.light[light])
        let assignment = space.assignment(leader: walk.leader, partners: walk.heavy)
        let latency = predictor.latency(of: assignment, atMost: limit)
        guard latency <= limit, !latency.isMissing else {
            swap(&walk.heavy[heavy], &walk.light[light])
            return false
        }
        walk.latency = latency
        note(Candidate(assignment, latency))
        return true
    }
}
