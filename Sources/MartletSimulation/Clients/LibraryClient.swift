// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClientCore
import MartletCrypto
package import MartletTypes

/// An honest client: the library's own core, driven as the library drives it.
package final class LibraryClient: ClientActor {
    private struct Running {
        let id: OperationID
        let operation: Operation
        let payload: Bytes
    }

    package let isHonest = true
    package var isDone: Bool { isFinished && running.isEmpty }

    private let client: Int
    private let plan: ClientPlan
    private let until: Instant
    /// The group may come to serve it no longer.
    private let mayBeDenied: Bool
    private let sealer: ClientSealer<SimulatedScheme>
    private let verifier: ReplyVerifier<SimulatedScheme>
    private let encode: (Operation) -> Bytes
    private var core: ClientCore
    private var effects = ClientEffects()
    private var workload: Workload
    private var random: SeededRandom
    private var isStarted = false
    private var links: FollowedLinks
    /// How often it heard of several views at once, and others were members by then.
    package private(set) var leaps = 0
    private var isFinished = false
    private var started = 0
    /// In the order of their beginning.
    private var running: [Running] = []
    private var nextCall = Instant.zero
    /// By payload, which is unique for everything but reads: which request stands for it.
    private var requests: [Bytes: RequestID] = [:]

    init(
        client: Int, plan: ClientPlan, view: View, until: Instant, sealer: ClientSealer<SimulatedScheme>,
        verifier: ReplyVerifier<SimulatedScheme>, timing: ClientTiming, mayBeDenied: Bool = false,
        workload: Workload,
        encode: @escaping (Operation) -> Bytes, random: SeededRandom
    ) {
        self.client = client
        self.plan = plan
        self.mayBeDenied = mayBeDenied
        links = FollowedLinks(view)
        self.until = until
        self.sealer = sealer
        self.verifier = verifier
        self.workload = workload
        self.encode = encode
        self.random = random
        var configuration = ClientCoreConfiguration(
            view: view, client: sealer.client, openingNumberBase: 1_000, seed: UInt64(client))
        configuration.signsAlways = plan.signs
        configuration.signingLasts = timing.signingLasts
        configuration.retryMin = timing.retryMin
        configuration.retryMax = timing.retryMax
        configuration.readFallbackMin = timing.readFallbackMin
        configuration.readFallbackMax = timing.retryMax
        core = ClientCore(configuration: configuration)
    }

    package var deadline: Instant? {
        if !isStarted { return .zero }
        var earliest = core.nextDeadline
        if !isFinished, running.count < plan.pipeline { earliest = min(earliest ?? .distantFuture, nextCall) }
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
        _ message: ReplicaToClientMessage, from replica: ReplicaID, at now: Instant,
        into output: inout ClientOutput
    ) {
        guard links.isUp(replica) else { return }
        let verified: Verified<ReplicaToClientMessage>
        do {
            verified = try verifier.verify(message, from: replica)
        } catch {
            // A liar's proof of a view: the library drops it too.
            return
        }
        let before = core.view
        core.step(.message(verified), at: now, into: &effects)
        let after = core.view
        if after.number.rawValue > before.number.rawValue + 2, after.members.map(\.id) != before.members.map(\.id) {
            leaps += 1
        }
        goOn(at: now, into: &output)
    }

    package func linkChanged(
        to replica: ReplicaID, _ link: ClientLink, at now: Instant, into output: inout ClientOutput
    ) {
        for event in links.changed(replica, link) { core.step(event, at: now, into: &effects) }
        guard isStarted else { return }
        goOn(at: now, into: &output)
    }

    /// Acts on what the core wants, then calls what is due; the core may finish a call at once.
    private func goOn(at now: Instant, into output: inout ClientOutput) {
        act(at: now, into: &output)
        while !isFinished, nextCall <= now, running.count < plan.pipeline {
            call(at: now, into: &output)
            act(at: now, into: &output)
        }
    }

    private func call(at now: Instant, into output: inout ClientOutput) {
        started += 1
        let operation = workload.next()
        let call = Running(
            id: OperationID(client: client, number: started), operation: operation, payload: encode(operation))
        running.append(call)
        output.reports.append(.invoked(call.id, operation))
        core.step(
            .call(
                Call(
                    id: CallID(UInt64(started)), session: SessionHandle(UInt32(started % plan.sessions)),
                    kind: operation.isRead ? .read : .operation, payload: call.payload,
                    deadline: plan.patience > .zero ? now + plan.patience : .distantFuture,
                    wantsReceipt: plan.wantsReceipts && !operation.isRead)),
            at: now, into: &effects)
        nextCall = now + random.interval(upTo: plan.thinkMax)
        isFinished = started >= plan.operationsMax || (started >= plan.operationsMin && now >= until)
    }

    private func act(at now: Instant, into output: inout ClientOutput) {
        while let audience = effects.audience {
            effects.audience = nil
            for event in links.follow(audience) { core.step(event, at: now, into: &effects) }
        }
        let members = core.view.members
        for send in effects.sends {
            for request in send.requests where request.kind == .operation { requests[request.payload] = request.id }
            let bundle =
                send.isSigned
                ? sealer.sealBundle(send.requests) : RequestBundle(requests: send.requests, signature: nil)
            for target in send.targets { output.sends.append((members[target.position].id, .requests(bundle))) }
        }
        for read in effects.reads {
            for target in read.targets { output.sends.append((members[target.position].id, .read(read.request))) }
        }
        for it in effects.receiptFetches {
            for target in it.targets { output.sends.append((members[target.position].id, .fetchReceipt(it.request))) }
        }
        for it in effects.viewFetches { output.sends.append((it.target, .fetchViews(it.fetch))) }
        for completion in effects.completions { finish(completion, at: now, into: &output) }
        effects.removeAll()
    }

    private func finish(_ completion: Completion, at now: Instant, into output: inout ClientOutput) {
        guard let place = running.firstIndex(where: { UInt64($0.id.number) == completion.call.rawValue }) else {
            preconditionFailure("a call ended twice")
        }
        let call = running.remove(at: place)
        if plan.pauseMax > .zero { nextCall = max(nextCall, now + random.interval(upTo: plan.pauseMax)) }
        switch completion.outcome {
        case .result(let bytes, let certificate):
            let answer = ServiceCodec.answer(in: bytes, to: call.operation)
            workload.answered(call.operation, answer)
            if plan.wantsReceipts, !call.operation.isRead {
                output.reports.append(.receipted(call.id, completion.receipt, result: bytes))
            }
            let undecided: Instance? = if case .tentative(_, let instance) = certificate.basis { instance } else { nil }
            output.reports.append(
                .completed(
                    call.id, answer, request: requests.removeValue(forKey: call.payload), reliesOn: undecided))
        case .unknown(.deadline) where isImpatient, .failed(.readUnanswered) where isImpatient,
            .failed(.neverSent) where isImpatient:
            output.reports.append(.gaveUp(call.id))
        case .unknown(.accessDenied) where mayBeDenied, .failed(.accessDenied) where mayBeDenied,
            .unknown(.sessionEvicted) where mayBeDenied:
            // Served again before it heard of that, it hears that its session is gone. Not at once again: it would be told so at
            // once, too.
            nextCall = max(nextCall, now + .milliseconds(5))
            output.reports.append(.gaveUp(call.id))
        case .failed(let reason): output.reports.append(.unknown(call.id, reason: reason.description))
        case .unknown(let reason): output.reports.append(.unknown(call.id, reason: reason.description))
        }
    }

    private var isImpatient: Bool { plan.patience > .zero }
}

/// How patient clients are.
package struct ClientTiming: Hashable, Sendable {
    package var retryMin = Interval.milliseconds(40)
    package var retryMax = Interval.milliseconds(600)
    package var readFallbackMin = Interval.milliseconds(15)
    package var signingLasts = Interval.milliseconds(600)

    package init() {}
}
