// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClientCore
import MartletTypes
import Synchronization

/// What callers hand to the engine.
enum ClientSubmission: Sendable {
    case open(SessionHandle)
    case call(SessionHandle, Call.Kind, Bytes, deadline: Instant, Completer)
}

/// Whom the outcome of a call goes to.
enum Completer: Sendable {
    case function(@Sendable (Outcome) -> Void)
    case answer(PendingAnswer<Outcome>)
    /// Of whoever wants a receipt too.
    case receipted(PendingAnswer<ReceiptedOutcome>)

    var wantsReceipt: Bool { if case .receipted = self { true } else { false } }

    func complete(_ outcome: Outcome, receipt: Receipt?) {
        switch self {
        case .function(let function): function(outcome)
        case .answer(let answer): answer.end(outcome)
        case .receipted(let answer): answer.end(ReceiptedOutcome(outcome: outcome, receipt: receipt))
        }
    }
}

/// Where callers on any thread meet the event loop: however many post before the loop comes round, it is woken once.
final class SubmissionMailbox: Sendable {
    private struct State {
        var waiting: [ClientSubmission] = []
        var isLoopTold = false
    }

    private let state = Mutex(State())

    /// Returns whether the loop must be told.
    func post(_ submission: ClientSubmission) -> Bool {
        state.withLock { state in
            state.waiting.append(submission)
            defer { state.isLoopTold = true }
            return !state.isLoopTold
        }
    }

    /// Takes all that waits; `batch` must be empty. From now on the loop must be told again.
    func take(into batch: inout [ClientSubmission]) {
        state.withLock { state in
            swap(&state.waiting, &batch)
            state.isLoopTold = false
        }
    }

    /// The loop is about to take what waits, and need not be told of more.
    func announceTaking() { state.withLock { $0.isLoopTold = true } }
}
