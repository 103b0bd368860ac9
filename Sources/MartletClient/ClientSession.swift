// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletClientCore
public import MartletTypes

/// Where operations and reads are handed in. Many may be in flight; those that do not await each other may take effect
/// in any order. Each takes effect at most once, however often it must be sent.
///
/// At most `GroupSettings.pipelineMax` calls of a session travel at the same time; more wait in the client. A payload has
/// at most `GroupSettings.requestBytesMax` bytes. A deadline says how long from now the caller will wait; without one,
/// `ClientConfiguration.deadline` holds. Reads see every operation whose result was returned before they began, to
/// whichever client.
public final class ClientSession: RequestSubmitter {
    private let client: Client
    private let handle: SessionHandle

    init(client: Client, handle: SessionHandle) {
        self.client = client
        self.handle = handle
    }

    deinit { client.release(handle) }

    // MARK: With one of three outcomes

    /// Orders the operation, and returns one of three outcomes: its result with the replies that it rests on, failed for
    /// sure, or unknown. Cancelling the task ends the waiting only: the outcome is then unknown.
    public func execute(_ operation: Bytes, deadline: Duration? = nil) async -> Outcome {
        await outcome(of: operation, .operation, deadline, cancelled: .unknown(.cancelled))
    }

    /// The same, and asks the replicas to sign the result: the receipt shows to anyone who trusts the genesis what was done, and with
    /// which result. That takes one more exchange. An operation may have its result and no receipt: when too few replicas have signed
    /// before the deadline, or the session is evicted meanwhile. A receipt that is returned has been checked.
    public func executeForReceipt(_ operation: Bytes, deadline: Duration? = nil) async -> ReceiptedOutcome {
        let answer = PendingAnswer<ReceiptedOutcome>()
        client.post(
            .call(handle, .operation, operation, deadline: client.deadline(in: deadline), .receipted(answer)))
        let found = await withTaskCancellationHandler {
            await answer.value()
        } onCancel: {
            answer.end(ReceiptedOutcome(outcome: .unknown(.cancelled), receipt: nil))
        }
        return found.checked(against: client.genesis)
    }

    /// Reads without ordering where the group allows it and enough replicas agree, ordered otherwise. A read changes
    /// nothing, so one that is not answered in time has failed for sure.
    public func executeRead(_ query: Bytes, deadline: Duration? = nil) async -> Outcome {
        await outcome(of: query, .read, deadline, cancelled: .failed(.readUnanswered))
    }

    /// Orders an operation on the group itself. Its result is the number of the view that follows, in digits.
    package func execute(_ operation: Reconfiguration, deadline: Duration? = nil) async -> Outcome {
        await outcome(of: [], .reconfiguration(operation), deadline, cancelled: .unknown(.cancelled))
    }

    // MARK: With a result or a `ClientError`

    /// Orders the operation and returns its result. Throws `ClientError`: `failed` when it never took effect,
    /// `outcomeUnknown` when it may have.
    public func submit(_ operation: Bytes) async throws -> Bytes { try await execute(operation).get() }

    /// The same with a deadline of its own.
    public func submit(_ operation: Bytes, deadline: Duration) async throws(ClientError) -> Bytes {
        try await execute(operation, deadline: deadline).get()
    }

    /// Reads, and returns what enough replicas agree on. Throws `ClientError`.
    public func read(_ query: Bytes) async throws -> Bytes { try await executeRead(query).get() }

    /// The same with a deadline of its own.
    public func read(_ query: Bytes, deadline: Duration) async throws(ClientError) -> Bytes {
        try await executeRead(query, deadline: deadline).get()
    }

    // MARK: Without a task

    /// Hands in a call and returns at once. `completion` is called exactly once, on the client's event loop; it must not
    /// block, and what it hands in travels together with what other completions of the same moment hand in.
    package func submit(
        _ payload: Bytes, kind: Call.Kind = .operation, deadline: Duration? = nil,
        completion: @escaping @Sendable (Outcome) -> Void
    ) {
        client.post(
            .call(handle, kind, payload, deadline: client.deadline(in: deadline), .function(completion)))
    }

    private func outcome(
        of payload: Bytes, _ kind: Call.Kind, _ deadline: Duration?, cancelled: Outcome
    ) async -> Outcome {
        let answer = PendingAnswer<Outcome>()
        client.post(.call(handle, kind, payload, deadline: client.deadline(in: deadline), .answer(answer)))
        return await withTaskCancellationHandler {
            await answer.value()
        } onCancel: {
            answer.end(cancelled)
        }
    }
}
