// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// All checkers of a run, fed with what happened. They share no code with what they check; only what correct replicas
/// and honest clients do is told to them, and what any client sent.
package struct Checkers: Sendable {
    package private(set) var agreement = AgreementChecker()
    private var order: OrderChecker
    private var checkpoints = CheckpointChecker()
    private var votes: VoteChecker
    private var validity = ValidityChecker()
    private var runaway: RunawayChecker
    package private(set) var results = ResultChecker()
    /// At most so many are kept; one is enough to fail.
    private static let violationsMax = 20
    package private(set) var violations: [Violation] = []

    package init(replicas: Int, faultModel: FaultModel, limits: RunawayChecker.Limits = RunawayChecker.Limits()) {
        runaway = RunawayChecker(limits: limits)
        order = OrderChecker(replicas: replicas)
        votes = VoteChecker(replicas: replicas, faultModel: faultModel)
    }

    package var checkpointsTaken: Int { checkpoints.taken }

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

    package mutating func executed(_ execution: Execution, by replica: Int, at now: Instant) {
        note(agreement.executed(execution, by: replica, at: now))
        note(order.executed(execution, by: replica, at: now))
    }

    package mutating func installed(_ instance: Instance, time: Timestamp, by replica: Int, at now: Instant) {
        note(order.installed(instance, time: time, by: replica, at: now))
    }

    package mutating func taken(_ digest: Digest, after instance: Instance, by replica: Int, at now: Instant) {
        note(checkpoints.taken(digest, after: instance, by: replica, at: now))
    }

    package mutating func sent(_ message: PeerMessage, by replica: Int, decided: Instance, at now: Instant) {
        note(votes.sent(message, by: replica, decided: decided, at: now))
    }

    package mutating func restarted(_ replica: Int) {
        order.restarted(replica)
        votes.restarted(replica)
    }

    // MARK: - Clients

    package mutating func sent(_ request: Request, by client: ClientID) { validity.sent(request, by: client) }

    package mutating func knows(_ payload: Bytes, meaning operation: Operation) {
        results.knows(payload, meaning: operation)
    }

    package mutating func invoked(_ id: OperationID, _ operation: Operation) { results.invoked(id, operation) }

    package mutating func completed(_ id: OperationID, _ outcome: ServiceAnswer, request: RequestID?, at now: Instant) {
        results.completed(id, outcome, request: request, reached: agreement.highest, at: now)
    }

    // MARK: - The end

    package mutating func finish(at now: Instant) {
        note(agreement.finish(at: now))
        let history = agreement.history
        for violation in ExactlyOnceChecker.check(history, at: now) { note(violation) }
        for violation in validity.check(history, at: now) { note(violation) }
        for violation in results.check(history, at: now) { note(violation) }
    }
}
