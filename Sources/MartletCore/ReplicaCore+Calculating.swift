// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Who should lead and who should be heavy (adaptation §6): after every c-th instance it is calculated, in the background, from
/// what all members have in common.
extension ReplicaCore {
    /// Whether leader or weights change after that instance. **Safety**: while that is pending the instance is not executed, and
    /// nobody votes for the next; D is no less than the window, so whoever may vote for the next has the input.
    package func dueOutcome(at instance: Instance) -> DueOutcome {
        calculations.due(at: instance, in: view, after: views.base)
    }

    /// The next instance is decided, but whether the view ends with it is not known here yet. That is not the leader's fault.
    var isAwaitingOutcome: Bool {
        let next = decided.next
        return window.contains(next) && window[next].decided != nil && dueOutcome(at: next) == .pending
    }

    mutating func onCalculated(_ outcome: CalculationOutcome) {
        let isAwaited = isAwaitingOutcome
        calculations.note(outcome, isPinned: view.settings.isPinned, observed: orderTimes.median)
        guard isAwaited, !isAwaitingOutcome else { return }
        lastAdvance = now.monotonic
        pool.restartTimers(at: now.monotonic)
    }

    /// The last calculations, the oldest first.
    package var calculationHistory: [CalculationRecord] { calculations.history }

    package var adaptation: AdaptationReport {
        var history = calculations.history.map(\.summary)
        if let last = calculations.history.last { history[history.count - 1] = last }
        return AdaptationReport(
            replica: own.id, epoch: epoch, decided: decided, observed: orderTimes.median, calculations: history)
    }

    /// What is calculated must be the same everywhere, though replicas may have learnt the instance in different regencies:
    /// the leader is that of the epoch in which its batch was born.
    mutating func calculateIfDue(_ batch: Batch, into effects: inout Effects) {
        let period = view.settings.calculationPeriod
        guard measuring.schedule.isOn, view.f > 0, batch.instance.rawValue % UInt64(period) == 0 else { return }
        let reports = latencies.reports(beyond: batch.instance - period)
        let regency = batch.born.regency
        experience.learn(from: reports, of: regency, at: batch.instance, in: view)
        let input = CalculationInput(
            view: view.number, instance: batch.instance, regency: regency, leader: view[view.leader(of: regency)].id,
            excluded: view.replacedLeaders(before: regency).map { view[$0].id }.sorted(),
            reports: reports, experience: experience)
        calculations.begin(input)
        effects.calculations.append(CalculationTask(input: input, view: view))
    }

    /// The view that follows when the instance is executed, if the outcome that is due at it changes anything.
    mutating func calculatedView(after instance: Instance) -> View? {
        guard case .change(let outcome) = dueOutcome(at: instance), let input = calculations.input else { return nil }
        experience.noteChange(outcome, of: input, in: view, at: instance)
        do {
            return try view.successor(view.plan(of: outcome))
        } catch {
            preconditionFailure("what was calculated for the view cannot follow it: \(error)")
        }
    }

    // MARK: Checkpoints

    /// What is reported and calculated, after the last decided instance. Where the view ends there: as the next view begins,
    /// since whoever takes it over may enter that one before. A calculation for the view that ends is void.
    func adaptationImage(next: View?) -> AdaptationImage {
        var latencies = latencies
        if let next { latencies.begin(next) }
        return AdaptationImage(
            reports: latencies.records { sessions.lastOperation(of: $0) }, experience: experience,
            calculation: calculations.input(after: decided, in: next ?? view))
    }

    /// What was reported is by the members of `next`, the view of the next instance, though that may not be proved yet.
    mutating func takeOver(_ image: AdaptationImage, of next: View, into effects: inout Effects) {
        latencies = LatencyTables(image: image, view: next)
        experience = image.experience
        if next.number == view.number { noteLinks(after: decided) }
        let input = image.calculation.flatMap { $0.view == view.number && $0.reports.count == view.n ? $0 : nil }
        calculations.begin(input)
        if let input { effects.calculations.append(CalculationTask(input: input, view: view)) }
    }
}

extension View {
    /// As the outcome of a calculation for this view would have it.
    func plan(of outcome: CalculationOutcome) -> ViewPlan {
        ViewPlan(
            heavy: outcome.heavy.map { self[$0].id }.sorted(), leaderOrder: outcome.leaderOrder.map { self[$0].id },
            settings: settings)
    }

    /// The last f distinct leaders before that regency, its own leader excepted: they were replaced for a reason.
    package func replacedLeaders(before regency: Regency) -> ReplicaSet {
        let leader = leader(of: regency)
        var replaced = ReplicaSet()
        var before = regency.rawValue
        // Leaders follow one another in a circle.
        while replaced.count < f, before > 1, regency.rawValue - before < UInt64(n) {
            before -= 1
            let other = self.leader(of: Regency(before))
            if other != leader { replaced.insert(other) }
        }
        return replaced
    }
}
