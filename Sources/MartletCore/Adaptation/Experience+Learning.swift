// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How experience comes about (adaptation §7): only by what was ordered, so that all replicas have the same.
extension Experience {
    /// For how many calculations a member is suspect, or an assignment rejected, the first time; twice as long each time.
    static let calculationsShunned = 16
    /// An accusation that nothing followed for so many calculations is forgotten.
    static let calculationsRemembered = 64

    // MARK: At every calculation

    /// From what members reported within the last c instances; nil where one did not. The regency is that of the instance's batch.
    package mutating func learn(
        from reports: [LatencyReport?], of regency: Regency, at instance: Instance, in view: View
    ) {
        let period = view.settings.calculationPeriod
        for position in 0..<view.n {
            // Who reports nothing is missing, not late.
            guard reports[position] != nil else { continue }
            let accusers = reports.count { $0?.late.contains(ReplicaIndex(position)) ?? false }
            // One of them is correct, whatever the fault model: a member whose own links are bad finds all others late.
            guard accusers > view.f else { continue }
            accuse(view[ReplicaIndex(position)].id, by: accusers, at: instance, period)
        }
        suspicions.removeAll { suspicion in
            let last = max(suspicion.until, suspicion.accusations.last ?? .zero)
            return instance.distance(beyond: last) > Self.calculationsRemembered * period
        }
        rejected.removeAll { $0.until <= instance }
        judgeChange(by: reports, of: regency, at: instance, in: view)
    }

    /// A trial ends well when the change was not taken back though so many could have said that it should be.
    private mutating func judgeChange(
        by reports: [LatencyReport?], of regency: Regency, at instance: Instance, in view: View
    ) {
        guard var judged = former else { return }
        guard judged.judged < Self.trialCalculations else {
            former = nil
            setbacks = max(0, setbacks - 1)
            return
        }
        let period = view.settings.calculationPeriod
        guard instance.distance(beyond: changed) <= Self.trialCalculationsMax * period else {
            former = nil
            return
        }
        let telling = judged.decided.count { time in
            let report = view.index(of: time.replica).flatMap { reports[$0.position] }
            return report.map { $0.regency == regency && !$0.took.isMissing } ?? false
        }
        if telling >= view.n - view.f { judged.judged += 1 }
        former = judged
    }

    private mutating func accuse(_ replica: ReplicaID, by accusers: Int, at instance: Instance, _ period: Int) {
        let place = suspicions.firstIndex { $0.replica >= replica } ?? suspicions.count
        if place == suspicions.count || suspicions[place].replica != replica {
            suspicions.insert(Suspicion(replica: replica), at: place)
        }
        var suspicion = suspicions[place]
        suspicion.accusers = accusers
        suspicion.accusations = (suspicion.accusations + [instance]).suffix(Suspicion.accusationsNeeded)
        let isSteady =
            suspicion.accusations.count == Suspicion.accusationsNeeded
            && instance.distance(beyond: suspicion.accusations[0]) < Suspicion.calculationsLookedBack * period
        if isSteady {
            // While it is suspect it is no better for having been so; later, worse.
            if suspicion.until <= instance {
                suspicion.times = min(Suspicion.timesMax, suspicion.times + 1)
                suspicion.since = instance
            }
            suspicion.until = max(suspicion.until, instance + Self.shunned(times: suspicion.times, period))
        }
        suspicions[place] = suspicion
    }

    private static func shunned(times: Int, _ period: Int) -> Int { (calculationsShunned << (times - 1)) * period }

    // MARK: At a change of views

    /// What was calculated for the view follows it, after that instance.
    package mutating func noteChange(
        _ outcome: CalculationOutcome, of input: CalculationInput, in view: View, at instance: Instance
    ) {
        let heavy = view.plan.heavy
        former = nil
        changed = instance
        switch outcome.reason {
        case .unpaid:
            setbacks = min(Self.setbacksMax, setbacks + 1)
            let until = instance + Self.shunned(times: setbacks, view.settings.calculationPeriod)
            rejected.append(RejectedAssignment(leader: input.leader, heavy: heavy, until: until))
            if rejected.count > Self.rejectedMax { rejected.removeFirst() }
        case .better:
            former = FormerAssignment(outcome, leader: input.leader, heavy: heavy, in: view)
        case .needed, .suspected, .goodEnough, .nothingPossible, .tooSoon: break
        }
    }

    /// Of whoever is no member in the view that follows nothing is remembered.
    package mutating func follow(_ next: View) {
        suspicions.removeAll { next.index(of: $0.replica) == nil }
        rejected.removeAll { assignment in
            assignment.heavy.count != next.quorum.heavyCount
                || (assignment.heavy + [assignment.leader]).contains { next.index(of: $0) == nil }
        }
    }

    /// A view that administrators asked for: what was before is not what they want compared.
    package mutating func noteOtherChange(at instance: Instance) {
        former = nil
        changed = instance
    }
}

extension FormerAssignment {
    /// Nil where nothing is known that the next could be compared with.
    fileprivate init?(_ outcome: CalculationOutcome, leader: ReplicaID, heavy: [ReplicaID], in view: View) {
        guard let predicted = outcome.predictions.current else { return nil }
        let decided = outcome.decided.enumerated().compactMap { place, time in
            time.map { MemberTime(replica: view[ReplicaIndex(place)].id, microseconds: $0) }
        }
        guard !decided.isEmpty else { return nil }
        self.init(
            leader: leader, heavy: heavy, predicted: predicted, decided: decided.sorted { $0.replica < $1.replica })
    }
}
