// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClientCore
import MartletCrypto
package import MartletTypes

/// Has the group changed, as the scenario plans it: the library's own core, with operations on the group for calls. Each time
/// it says what it has said before again, many times at once and under new names, as anybody might who has heard it: of a
/// view that has ended nothing must come of that.
package final class Administrator: ClientActor {
    package let isHonest = true
    package var isDone: Bool { next >= plans.count && !isWaiting && repetitions.isEmpty }

    private let plans: [ReconfigurationPlan]
    private let view: View
    private let sealer: AdministratorSealer<SimulatedScheme>
    private let clientSealer: ClientSealer<SimulatedScheme>
    private let verifier: ReplyVerifier<SimulatedScheme>
    private var core: ClientCore
    private var effects = ClientEffects()
    private var newest: View
    private var isStarted = false
    private var brokenAtStart: [ReplicaID] = []
    private var next = 0
    private var isWaiting = false
    private var calls: UInt64 = 0
    private var last: Reconfiguration?
    /// Of an operation for a view that has ended.
    private var repetitions: Set<CallID> = []
    private static let repetitionsMax = 8

    init(
        plans: [ReconfigurationPlan], view: View, client: ClientID, sealer: AdministratorSealer<SimulatedScheme>,
        clientSealer: ClientSealer<SimulatedScheme>, verifier: ReplyVerifier<SimulatedScheme>, timing: ClientTiming
    ) {
        self.plans = plans.sorted { $0.at < $1.at }
        self.view = view
        self.sealer = sealer
        self.clientSealer = clientSealer
        self.verifier = verifier
        newest = view
        var configuration = ClientCoreConfiguration(view: view, client: client, openingNumberBase: 1_000, seed: 0)
        configuration.signingLasts = timing.signingLasts
        configuration.retryMin = timing.retryMin
        configuration.retryMax = timing.retryMax
        core = ClientCore(configuration: configuration)
    }

    package var deadline: Instant? {
        if !isStarted { return .zero }
        var earliest = core.nextDeadline
        if !isWaiting, next < plans.count { earliest = min(earliest ?? .distantFuture, plans[next].at) }
        return earliest
    }

    package func wake(at now: Instant, into output: inout ClientOutput) {
        if !isStarted {
            isStarted = true
            for member in view.members where !brokenAtStart.contains(member.id) {
                core.step(.linkUp(member.id), at: now, into: &effects)
            }
        }
        if let deadline = core.nextDeadline, deadline <= now { core.step(.deadline, at: now, into: &effects) }
        goOn(at: now, into: &output)
    }

    package func receive(
        _ message: ReplicaToClientMessage, from replica: ReplicaID, at now: Instant, into output: inout ClientOutput
    ) {
        let verified: Verified<ReplicaToClientMessage>
        do {
            verified = try verifier.verify(message, from: replica)
        } catch {
            // A liar's proof of a view: the library drops it too.
            return
        }
        if case .views(let part) = message {
            for certificate in part.certificates where certificate.next.number > newest.number {
                newest = certificate.next
            }
        }
        core.step(.message(verified), at: now, into: &effects)
        goOn(at: now, into: &output)
    }

    package func linkChanged(to replica: ReplicaID, isUp: Bool, at now: Instant, into output: inout ClientOutput) {
        guard isStarted else {
            return isUp ? brokenAtStart.removeAll { $0 == replica } : brokenAtStart.append(replica)
        }
        core.step(isUp ? .linkUp(replica) : .linkDown(replica), at: now, into: &effects)
        goOn(at: now, into: &output)
    }

    private func goOn(at now: Instant, into output: inout ClientOutput) {
        act(into: &output)
        guard !isWaiting, next < plans.count, plans[next].at <= now else { return }
        isWaiting = true
        if let last, last.view < newest.number {
            for _ in 0..<Self.repetitionsMax { repetitions.insert(call(last, at: now)) }
        }
        let operation = sealer.sign(Reconfiguration(after: newest, .arrange(plan(plans[next]))))
        last = operation
        _ = call(operation, at: now)
        act(into: &output)
    }

    private func call(_ operation: Reconfiguration, at now: Instant) -> CallID {
        calls += 1
        let id = CallID(calls)
        core.step(
            .call(
                Call(
                    id: id, session: SessionHandle(0), kind: .reconfiguration(operation), payload: [],
                    deadline: .distantFuture)),
            at: now, into: &effects)
        return id
    }

    private func plan(_ plan: ReconfigurationPlan) -> ViewPlan {
        let ids = view.members.map(\.id)
        let turned = { (first: Int) in ids.indices.map { ids[(first + $0) % ids.count] } }
        var settings = newest.settings
        if let window = plan.window { settings.window = window }
        return ViewPlan(
            heavy: Array(turned(plan.firstHeavy).prefix(view.quorum.heavyCount)).sorted(),
            leaderOrder: turned(plan.firstLeader), settings: settings)
    }

    private func act(into output: inout ClientOutput) {
        for send in effects.sends {
            let bundle =
                send.isSigned
                ? clientSealer.sealBundle(send.requests) : RequestBundle(requests: send.requests, signature: nil)
            for target in send.targets { output.sends.append((view[target].id, .requests(bundle))) }
        }
        for it in effects.viewFetches { output.sends.append((it.target, .fetchViews(it.fetch))) }
        for completion in effects.completions { finish(completion, into: &output) }
        effects.removeAll()
    }

    /// Refused is answered too: what it changes may be no change by now.
    private func finish(_ completion: Completion, into output: inout ClientOutput) {
        if repetitions.remove(completion.call) != nil {
            if case .failed(.reconfigurationRefused) = completion.outcome { return }
            output.reports.append(
                .unknown(
                    OperationID(client: -1, number: Int(completion.call.rawValue)),
                    reason: "for a view that has ended, and not refused: \(completion.outcome)"))
            return
        }
        isWaiting = false
        next += 1
        if case .unknown(let reason) = completion.outcome {
            output.reports.append(
                .unknown(OperationID(client: -1, number: Int(completion.call.rawValue)), reason: reason.description))
        }
    }
}
