// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// All correct replicas calculate the same from the same after the same instance, and where that changes anything the view
/// ends with the instance at which it is due, in what was calculated (adaptation §6).
package struct CalculationChecker: Sendable {
    private struct Due: Sendable {
        let instance: Instance
        let leaderOrder: [ReplicaID]
        let heavy: [ReplicaID]
    }

    private var known: [Instance: (input: CalculationInput, outcome: CalculationOutcome)] = [:]
    private var dues: [ViewNumber: Due] = [:]
    private var reconfigured: Set<Instance> = []
    private var proven: Set<ViewNumber> = []
    package private(set) var count = 0
    package private(set) var changes = 0
    /// Views that follow from a calculation.
    package private(set) var installed = 0
    /// Reports that took part.
    package private(set) var reports = 0
    /// Who became suspect, as often as that was.
    package private(set) var suspected: [ReplicaID] = []
    /// Changes that were taken back.
    package private(set) var takenBack = 0

    package init() {}

    package mutating func calculated(
        _ input: CalculationInput, _ outcome: CalculationOutcome, in view: View, by replica: Int, at now: Instant
    ) -> Violation? {
        guard let before = known[input.instance] else {
            known[input.instance] = (input, outcome)
            count += 1
            if let violation = judge(input, outcome, in: view, at: now) { return violation }
            if outcome.isChange { noteChange(outcome, in: view) }
            reports += input.reports.count { $0 != nil }
            return nil
        }
        guard before.input != input || before.outcome != outcome else { return nil }
        return Violation(
            .agreement, at: now,
            "replica \(replica) calculates \(outcome) of \(input) where another had \(before.outcome) of \(before.input)"
        )
    }

    /// Only f+1 members' word makes another suspect, and who is so is not chosen as long as all others are there.
    private mutating func judge(
        _ input: CalculationInput, _ outcome: CalculationOutcome, in view: View, at now: Instant
    ) -> Violation? {
        let before = known[input.instance - view.settings.calculationPeriod]?.input
        for suspicion in input.experience.suspicions where suspicion.until > input.instance {
            let known = before?.experience.suspicions.first { $0.replica == suspicion.replica }
            guard let before, known?.until != suspicion.until else { continue }
            if (known?.until ?? .zero) <= before.instance { suspected.append(suspicion.replica) }
            guard let place = view.members.firstIndex(where: { $0.id == suspicion.replica }) else { continue }
            let accusers = input.reports.filter { $0?.late.contains(ReplicaIndex(place)) == true }.count
            if accusers < view.f + 1 {
                return Violation(
                    .views, at: now,
                    "member \(suspicion.replica) is suspect after instance \(input.instance) by the word of \(accusers) members"
                )
            }
        }
        guard outcome.isChange, isComplete(input) else { return nil }
        let suspects = input.experience.suspicions.filter { $0.until > input.instance }.map(\.replica)
        let chosen = outcome.heavy.map { view[$0].id } + outcome.leaderOrder.prefix(1).map { view[$0].id }
        guard suspects.count <= view.f, input.excluded.isEmpty,
            let wrong = suspects.first(where: { chosen.contains($0) })
        else { return nil }
        return Violation(
            .views, at: now, "member \(wrong) is suspect after instance \(input.instance), and yet leads or is heavy")
    }

    private func isComplete(_ input: CalculationInput) -> Bool {
        input.reports.allSatisfy { report in
            guard let report else { return false }
            return (report.proposals + report.votes).allSatisfy { !$0.isMissing }
        }
    }

    private mutating func noteChange(_ outcome: CalculationOutcome, in view: View) {
        changes += 1
        if outcome.reason == .unpaid { takenBack += 1 }
        guard !view.settings.isPinned, dues[view.number] == nil else { return }
        let distance = max(view.settings.window, view.settings.calculationPeriod / 4)
        dues[view.number] = Due(
            instance: outcome.instance + distance, leaderOrder: outcome.leaderOrder.map { view[$0].id },
            heavy: outcome.heavy.map { view[$0].id }.sorted())
    }

    /// Beyond the instance that a change is due at nothing is executed in the view that it was calculated for.
    package func executed(_ execution: Execution, by replica: Int, at now: Instant) -> Violation? {
        guard let due = dues[execution.epoch.view], execution.instance > due.instance else { return nil }
        return Violation(
            .views, at: now,
            "replica \(replica) executes instance \(execution.instance) in view \(execution.epoch.view), which was to end with \(due.instance)"
        )
    }

    /// A correct replica has decided it.
    package mutating func decided(_ execution: Execution) {
        let isByAdministrator = execution.steps.contains { step in
            if case .reconfigure(.follows) = step.verdict { true } else { false }
        }
        if isByAdministrator { reconfigured.insert(execution.instance) }
    }

    /// A change of members' own making is what was calculated; an administrator's may come before it, and at its instance, and so
    /// may a view that admits a member again.
    package mutating func proved(_ certificate: ViewCertificate, after view: View?, at now: Instant) -> Violation? {
        guard proven.insert(certificate.next.number).inserted else { return nil }
        let plan = certificate.next.plan
        if let view, certificate.next.incarnations.contains(where: { !view.incarnations.contains($0) }),
            view.settings == plan.settings
        {
            return nil
        }
        if let due = dues[certificate.view], due.instance == certificate.last, due.leaderOrder == plan.leaderOrder,
            due.heavy == plan.heavy
        {
            installed += 1
            return nil
        }
        guard !reconfigured.contains(certificate.last) else { return nil }
        return Violation(
            .views, at: now,
            "view \(certificate.next.number) follows instance \(certificate.last), but nobody asked for it and nothing was calculated"
        )
    }
}
