// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClientCore
import MartletCrypto
package import MartletTypes

/// Has the group changed, as the scenario plans it: the library's own core, with operations on the group for calls. Each time
/// it says what it has said before again, many times at once and under new names, as anybody might who has heard it: of
/// operations that were done nothing more must come. Where another operation was done first, it makes its own anew.
package final class Administrator: ClientActor {
    package let isHonest = true
    package var isDone: Bool { next >= plans.count && !isWaiting && repetitions.isEmpty }

    /// All administrators' sealers: as many of them sign as the group asks for.
    private let sealers: [(key: PublicKey, sealer: AdministratorSealer<SimulatedScheme>)]
    private let plans: [AdministratorPlan]
    private let drafts: OperationDrafts
    private let clientSealer: ClientSealer<SimulatedScheme>
    private let verifier: ReplyVerifier<SimulatedScheme>
    private var core: ClientCore
    private var effects = ClientEffects()
    private var links: FollowedLinks
    private var newest: View
    private var isStarted = false
    private var next = 0
    private var isWaiting = false
    private var waitsUntil = Instant.zero
    private var calls: UInt64 = 0
    private var last: Reconfiguration?
    /// Of an operation that was done, or of one that too few have signed.
    private var repetitions: Set<CallID> = []
    private static let repetitionsMax = 8
    /// How long it waits before it looks again.
    private static let pause = Interval.milliseconds(15)
    /// So long it waits for learners: one that lies, or is gone, never becomes a member.
    private static let learnersPatience = Interval.seconds(4)
    private static let attemptsMax = 200
    private var attempts = 0
    /// An attempt was not answered: it may have been done all the same.
    private var isUnsure = false
    /// The last change that it knows to be done.
    private var done = OperationNumber.none
    /// The last attempt was refused.
    private var isRefused = false
    /// So long it waits for an answer: an operation that too few have signed by now is answered by nobody.
    private static let patience = Interval.seconds(1)

    init(
        plans: [AdministratorPlan], drafts: OperationDrafts, view: View, client: ClientID,
        sealers: [(key: PublicKey, sealer: AdministratorSealer<SimulatedScheme>)],
        clientSealer: ClientSealer<SimulatedScheme>, verifier: ReplyVerifier<SimulatedScheme>, timing: ClientTiming
    ) {
        self.plans = plans.sorted { $0.at < $1.at }
        self.drafts = drafts
        self.sealers = sealers
        self.clientSealer = clientSealer
        self.verifier = verifier
        links = FollowedLinks(view)
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
        if !isWaiting, next < plans.count {
            earliest = min(earliest ?? .distantFuture, max(plans[next].at, waitsUntil))
        }
        return earliest
    }

    package func wake(at now: Instant, into output: inout ClientOutput) {
        if !isStarted {
            isStarted = true
            for event in links.start() { core.step(event, at: now, into: &effects) }
        }
        if let deadline = core.nextDeadline, deadline <= now { core.step(.deadline, at: now, into: &effects) }
        goOn(at: now, into: &output)
    }

    package func receive(
        _ message: ReplicaToClientMessage, from replica: ReplicaID, at now: Instant, into output: inout ClientOutput
    ) {
        guard links.isUp(replica) else { return }
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

    package func linkChanged(
        to replica: ReplicaID, _ link: ClientLink, at now: Instant, into output: inout ClientOutput
    ) {
        for event in links.changed(replica, link) { core.step(event, at: now, into: &effects) }
        guard isStarted else { return }
        goOn(at: now, into: &output)
    }

    // MARK: - Operations

    private func goOn(at now: Instant, into output: inout ClientOutput) {
        act(at: now, into: &output)
        guard !isWaiting, next < plans.count, plans[next].at <= now, waitsUntil <= now else { return }
        if plans[next].waits, !newest.learners.isEmpty, now < plans[next].at + Self.learnersPatience {
            return waitsUntil = now + Self.pause
        }
        // What it has had done is not proved to it yet.
        if newest.lastOperation < done { return waitsUntil = now + Self.pause }
        guard let operation = drafts.operation(for: plans[next], after: newest) else {
            if isUnsure, case .change(let plan) = plans[next] {
                output.reports.append(.changed(plan))
            } else {
                output.reports.append(.operation(.givenUp))
            }
            return takeNext()
        }
        isWaiting = true
        if isRefused, let last, last.number < operation.number {
            output.reports.append(.operation(.refusedByNumber))
            output.reports.append(.operation(.renumbered))
        }
        isRefused = false
        repeatLast(at: now)
        sendUnderSigned(operation, at: now, into: &output)
        let signed = sign(operation, by: newest.administration.needed)
        last = signed
        _ = call(signed, at: now, until: answerBy(now))
        act(at: now, into: &output)
    }

    /// Where only weights and leaders change, everything is answered at last.
    private func answerBy(_ now: Instant) -> Instant {
        plans.contains(where: \.isChange) ? now + Self.patience : .distantFuture
    }

    /// Whether it is refused for what the table of clients is like, and not because another one was done first.
    private static func isOfTable(_ reason: String) -> Bool {
        ["the client ", "it changes nothing"].contains { reason.hasPrefix($0) }
    }

    /// Whether the group does not speak of such a thing yet: it may have to change first in a way that is planned for later.
    private static func isOfVersion(_ reason: String) -> Bool {
        reason.hasPrefix("whom the group serves can be changed from")
    }

    private func takeNext() {
        next += 1
        attempts = 0
        (isUnsure, isRefused) = (false, false)
        waitsUntil = .zero
    }

    private func sign(_ operation: Reconfiguration, by count: Int) -> Reconfiguration {
        let named = sealers.filter { newest.administration.keys.contains($0.key) }
        var signed = operation
        for (_, sealer) in named.prefix(count) { signed = sealer.sign(signed) }
        return signed
    }

    /// What was done is not done again.
    private func repeatLast(at now: Instant) {
        guard let last, last.number <= newest.lastOperation else { return }
        for _ in 0..<Self.repetitionsMax { repetitions.insert(call(last, at: now, until: answerBy(now))) }
    }

    /// Where two must sign, one alone tries.
    private func sendUnderSigned(_ operation: Reconfiguration, at now: Instant, into output: inout ClientOutput) {
        guard newest.administration.needed > 1, attempts == 0 else { return }
        output.reports.append(.operation(.underSigned))
        let signed = sign(operation, by: newest.administration.needed - 1)
        output.sends += drafts.underSigned(signed, to: newest, by: clientSealer)
    }

    private func call(_ operation: Reconfiguration, at now: Instant, until: Instant) -> CallID {
        calls += 1
        let id = CallID(calls)
        core.step(
            .call(
                Call(
                    id: id, session: SessionHandle(0), kind: .reconfiguration(operation), payload: [],
                    deadline: until)),
            at: now, into: &effects)
        return id
    }

    private func act(at now: Instant, into output: inout ClientOutput) {
        while let audience = effects.audience {
            effects.audience = nil
            for event in links.follow(audience) { core.step(event, at: now, into: &effects) }
        }
        let members = core.view.members
        for send in effects.sends {
            let bundle =
                send.isSigned
                ? clientSealer.sealBundle(send.requests) : RequestBundle(requests: send.requests, signature: nil)
            for target in send.targets { output.sends.append((members[target.position].id, .requests(bundle))) }
        }
        for it in effects.viewFetches { output.sends.append((it.target, .fetchViews(it.fetch))) }
        for completion in effects.completions { finish(completion, at: now, into: &output) }
        effects.removeAll()
    }

    /// Refused is answered too: what it changes may be no change by now, or another was first.
    private func finish(_ completion: Completion, at now: Instant, into output: inout ClientOutput) {
        if repetitions.remove(completion.call) != nil {
            switch completion.outcome {
            case .failed(.reconfigurationRefused): return output.reports.append(.operation(.repeated))
            // Too few have signed it, by now: nobody answers.
            case .unknown(.deadline), .failed(.neverSent): return
            default: break
            }
            output.reports.append(
                .unknown(
                    OperationID(client: -1, number: Int(completion.call.rawValue)),
                    reason: "it was done before, and is not refused: \(completion.outcome)"))
            return
        }
        isWaiting = false
        switch completion.outcome {
        // The group says that it changes nothing: an attempt that was not answered was done, or there is nothing to do.
        case .failed(.reconfigurationRefused(let reason)) where plans[next].isOfClients && Self.isOfTable(reason):
            if case .change(let plan) = plans[next] { output.reports.append(.changed(plan)) }
            takeNext()
        case .failed(.reconfigurationRefused(let reason)) where plans[next].isOfClients && Self.isOfVersion(reason):
            output.reports.append(.operation(.givenUp))
            takeNext()
        case .failed(.reconfigurationRefused) where plans[next].isChange && attempts < Self.attemptsMax:
            attempts += 1
            isRefused = true
            // Which one was first, it hears in a moment.
            waitsUntil = now + Self.pause
        case .unknown(.deadline) where attempts < Self.attemptsMax,
            .failed(.neverSent) where attempts < Self.attemptsMax:
            attempts += 1
            isUnsure = true
        case .unknown(let reason):
            output.reports.append(
                .unknown(OperationID(client: -1, number: Int(completion.call.rawValue)), reason: reason.description))
            takeNext()
        case .failed: takeNext()
        case .result:
            if case .change(let plan) = plans[next] {
                output.reports.append(.changed(plan))
                done = last?.number ?? done
            }
            takeNext()
        }
    }
}
