// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletClientCore
package import MartletCore
package import MartletTypes

/// All checkers of a run, fed with what happened. They share no code with what they check; only what correct replicas
/// and honest clients do is told to them, and what any client sent.
package struct Checkers: Sendable {
    package private(set) var agreement = AgreementChecker()
    private var order: OrderChecker
    private var checkpoints = CheckpointChecker()
    private var votes: VoteChecker
    private let blame: BlameChecker
    private var views: ViewChecker
    package private(set) var rejoining: RejoinChecker
    package private(set) var membership = MembershipChecker()
    private var validity = ValidityChecker()
    private let access: AccessChecker
    private var runaway: RunawayChecker
    private let memory: MemoryChecker
    package private(set) var measuring = MeasuringChecker()
    package private(set) var calculations = CalculationChecker()
    private var tentative: TentativeChecker
    /// Which instances clients hold results of before anybody need have decided them: those have to be decided.
    package private(set) var highestReliedOn = Instance.zero
    package private(set) var results = ResultChecker()
    private var receipts = ReceiptChecker()
    private var quorums: QuorumChecker
    package private(set) var history = ClientHistory()
    /// Which replicas that do not lie have executed each instance, a bit each, and how many events clients had seen when nobody
    /// could miss it any more.
    private var executedBy: [Instance: UInt64] = [:]
    private var settled: [Instance: Int] = [:]
    /// Why the history of the clients could not be judged, if so.
    package private(set) var tooHard: String?
    /// At most so many are kept; one is enough to fail.
    private static let violationsMax = 20
    package private(set) var violations: [Violation] = []

    package init(
        view: View, slots: Int, liars: [Int], limits: RunawayChecker.Limits,
        access: ClientAccess = .open, memory: MemoryChecker
    ) {
        self.access = AccessChecker(access, administrators: view.administration.keys)
        runaway = RunawayChecker(limits: limits)
        self.memory = memory
        order = OrderChecker(replicas: slots)
        votes = VoteChecker(replicas: slots)
        tentative = TentativeChecker(replicas: slots)
        blame = BlameChecker(liars: liars)
        views = ViewChecker(genesis: view, liars: liars)
        rejoining = RejoinChecker(liars: liars)
        quorums = QuorumChecker(replicas: slots, liars: liars)
    }

    package var checkpointsTaken: Int { checkpoints.taken }

    package func view(_ number: ViewNumber) -> View? { views.view(number) }
    /// The newest that a correct replica holds for proved.
    package var newestView: View { views.newest }

    package mutating func note(_ violation: Violation?) {
        if let violation, violations.count < Self.violationsMax { violations.append(violation) }
    }

    // MARK: - The run itself

    package mutating func happened(messages: Int, at now: Instant) {
        note(runaway.happened(messages: messages, at: now))
    }

    package mutating func looped(_ rounds: Int, replica: Int, at now: Instant) {
        note(runaway.looped(rounds, replica: replica, at: now))
    }

    // MARK: - Replicas

    package mutating func holds(_ what: CoreHolding, _ count: Int, replica: Int, at now: Instant) {
        note(memory.check(what, held: count, views: Int(newestView.number.rawValue), by: replica, at: now))
    }

    package mutating func keeps(repliesOfOneSession: Int, snapshots: Int, replica: Int, at now: Instant) {
        note(memory.check(repliesOfOneSession: repliesOfOneSession, snapshots: snapshots, by: replica, at: now))
    }

    package mutating func keeps(sendsHeld: Int, ordersHeld: Int, replica: Int, at now: Instant) {
        note(memory.check(sendsHeld: sendsHeld, ordersHeld: ordersHeld, by: replica, at: now))
    }

    package mutating func measured(
        _ latency: LinkLatency, of other: Int, by replica: Int, shortest: Interval, at now: Instant
    ) {
        note(measuring.measured(latency, of: other, by: replica, shortest: shortest, at: now))
    }

    package mutating func calculated(
        _ task: CalculationTask, _ outcome: CalculationOutcome, by replica: Int, at now: Instant
    ) {
        note(calculations.calculated(task.input, outcome, in: task.view, by: replica, at: now))
    }

    package mutating func executed(_ execution: Execution, by replica: Int, at now: Instant) {
        let before = executedBy[execution.instance] ?? 0
        let after = before | 1 << UInt64(replica)
        executedBy[execution.instance] = after
        if after != before, settled[execution.instance] == nil {
            let view = views.view(of: execution.instance)
            let count = view.members.count { after & (1 << UInt64($0.id.slot)) != 0 }
            if count == view.n - view.f { settled[execution.instance] = history.events.count }
        }
        note(tentative.executed(execution, by: replica, at: now))
        note(agreement.executed(execution, by: replica, at: now))
        note(order.executed(execution, by: replica, at: now))
        note(calculations.executed(execution, by: replica, at: now))
    }

    package mutating func executedTentatively(_ execution: Execution, by replica: Int, at now: Instant) {
        note(tentative.executedTentatively(execution, by: replica, at: now))
    }

    package mutating func rolledBack(to last: Instance, by replica: Int, at now: Instant) {
        note(tentative.rolledBack(to: last, by: replica, at: now))
    }

    /// Before the proof of a view that it may be the reason of.
    package mutating func willDecide(_ execution: Execution) {
        calculations.decided(execution)
        views.decided(execution.digest, at: execution.instance)
    }

    /// Before it is executed.
    package mutating func decided(_ execution: Execution, by replica: Int, at now: Instant) {
        note(quorums.decided(execution, by: replica, views, at: now))
    }

    package mutating func installed(_ instance: Instance, time: Timestamp, by replica: Int, at now: Instant) {
        tentative.replaced(replica, after: instance)
        note(quorums.installed(instance, by: replica, views, at: now))
        note(order.installed(instance, time: time, by: replica, at: now))
    }

    package mutating func taken(_ digest: Digest, after instance: Instance, by replica: Int, at now: Instant) {
        note(checkpoints.taken(digest, after: instance, by: replica, at: now))
    }

    package mutating func sent(_ message: PeerMessage, by replica: Int, decided: Instance, at now: Instant) {
        tentative.sent(message, by: replica)
        rejoining.sent(message, by: replica)
        note(votes.sent(message, by: replica, decided: decided, views, at: now))
        note(views.sent(message, by: replica, decided: decided, at: now))
        note(quorums.sent(message, by: replica, views, at: now))
        note(blame.sent(message, by: replica, views, at: now))
    }

    /// It reached a correct replica and was found in order.
    package mutating func received(_ message: PeerMessage, from sender: Int, by replica: Int) {
        votes.received(message, by: replica, views)
        quorums.received(message, from: sender, by: replica, views)
    }

    /// What that SYNC settles; nil where it settles nothing.
    package func settlement(of sync: Sync) -> NaiveSettlement? { views.settlement(of: sync) }

    /// A request that may end a view.
    package mutating func mayEndView(_ request: BatchEntry) { views.mayEndView(request) }

    /// A batch with this digest, to a correct replica or by one.
    package mutating func proposed(_ batch: Batch, _ digest: Digest) { views.proposed(batch, digest) }

    /// A view, by a replica that holds it for proved.
    package mutating func proved(_ certificate: ViewCertificate, by replica: Int, at now: Instant) {
        let before = views.view(certificate.view)
        note(views.proved(certificate, by: replica, at: now))
        note(membership.proved(certificate, after: before, at: now))
        note(rejoining.proved(certificate, after: before, at: now))
        note(calculations.proved(certificate, after: before, at: now))
    }

    /// Its own state is or was wrong, so that it may go back to the others'.
    package mutating func replaced(_ replica: Int) { order.restarted(replica) }

    package mutating func restarted(_ replica: Int, as incarnation: UInt64) {
        order.restarted(replica)
        tentative.replaced(replica, after: .zero)
        votes.restarted(replica, as: incarnation)
        quorums.restarted(replica)
    }

    /// It goes on from what it had written down, and has forgotten nothing that it said.
    package mutating func restored(
        _ replica: Int, from base: CheckpointImage?, as incarnation: UInt64, at now: Instant
    ) {
        order.restarted(replica)
        if let base { note(order.installed(base.instance, time: base.time, by: replica, at: now)) }
        tentative.replaced(replica, after: base?.instance ?? .zero)
        votes.restored(replica, as: incarnation)
    }

    // MARK: - Clients

    package mutating func sent(_ request: Request, by client: ClientID) { validity.sent(request, by: client) }

    package mutating func knows(_ payload: Bytes, meaning operation: Operation) {
        results.knows(payload, meaning: operation)
    }

    /// The same of a client that means harm, which tells nobody what it does.
    package mutating func strangerKnows(_ payload: Bytes, meaning operation: Operation) {
        results.knows(payload, meaning: operation)
        history.stranger(payload, operation)
    }

    package mutating func invoked(_ id: OperationID, _ operation: Operation, at now: Instant) {
        results.invoked(id, operation)
        history.append(.call(id, operation, at: now))
    }

    package mutating func completed(
        _ id: OperationID, _ outcome: ServiceAnswer, request: RequestID?, reliesOn undecided: Instance? = nil,
        at now: Instant
    ) {
        highestReliedOn = max(highestReliedOn, undecided ?? .zero)
        results.completed(
            id, outcome, request: request, reliesOn: undecided, reached: max(agreement.highest, tentative.highest),
            at: now)
        history.append(.end(id, .answer(outcome), at: now))
    }

    package mutating func receipted(_ evidence: ReceiptEvidence, result: Digest) {
        receipts.received(evidence, result: result)
    }

    // MARK: - The end

    package mutating func finish(at now: Instant) {
        note(agreement.finish(at: now))
        let history = agreement.history
        for violation in ExactlyOnceChecker.check(history, at: now) { note(violation) }
        for violation in OperationChecker.check(history, at: now) { note(violation) }
        for violation in validity.check(history, at: now) { note(violation) }
        for violation in access.check(history, at: now) { note(violation) }
        for violation in results.check(history, at: now) { note(violation) }
        for violation in receipts.check(history, at: now) { note(violation) }
        judgeLinearizability(history, at: now)
    }

    private mutating func judgeLinearizability(_ agreed: [Execution], at now: Instant) {
        switch Linearizability.judge(history.calls(agreed, settled: settled)) {
        case .linearizable: return
        case .tooHard(let id, let why): tooHard = "at client \(id.client) call \(id.number): \(why)"
        case .violated(let call, let states):
            note(
                Violation(
                    .linearizability, at: now,
                    "fits no order: client \(call.id.client) call \(call.id.number), \(call.operation) → "
                        + "\(call.outcome.map { "\($0)" } ?? "unknown"); before it there was \(states)"))
        }
    }
}
