// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Reads that are not ordered (protocol §4; Berger, Reiser & Bessani, SRDS'21). **Safety**: one runs on the newest state, not
/// decided or not, and its answer waits until everything up to the version that it names is decided. None runs while an
/// instance that this replica replied for, or accepted, is not in its state: a client may have that instance's result.
extension Executor {
    /// The answer, or nil: then it comes later, under this ticket, in `ExecutionEffects.readAnswers`.
    package mutating func answer(
        _ read: ReadRequest, from client: ClientID, ticket: UInt64
    ) -> ReplicaToClientMessage? {
        guard settings.hasUnorderedReads else { return refuse(read, from: client, .readsAreOrdered) }
        guard isServing else { return refuse(read, from: client, .notServing) }
        guard read.query.count <= settings.requestBytesMax else { return refuse(read, from: client, .payloadTooLarge) }
        var waiting = WaitingReads.Read(read: read, client: client, ticket: ticket)
        run(&waiting)
        if let answer = waiting.answer, answer.version <= lastDecided { return reply(answer, to: read) }
        guard waitingReads.add(waiting) else { return refuse(read, from: client, .overloaded) }
        return nil
    }

    /// Whether clients may count on what it says now.
    var isServing: Bool { mode == .voter && !isBetweenViews }

    private func run(_ waiting: inout WaitingReads.Read) {
        guard lastExecuted >= lastReplied else { return }
        waiting.answer = machine.read(waiting.read.query, lastExecuted: lastExecuted)
        waiting.ranAt = lastExecuted
    }

    /// Answers those that need not wait any longer, the oldest first.
    mutating func answerWaitingReads(into effects: inout ExecutionEffects<Machine>) {
        guard !waitingReads.isEmpty else { return }
        for waiting in waitingReads.takeAll() {
            if !isServing {
                let refusal = refuse(waiting.read, from: waiting.client, .notServing)
                effects.readAnswers.append((waiting.ticket, refusal))
            } else if let answer = waiting.answer, answer.version <= lastDecided {
                effects.readAnswers.append((waiting.ticket, reply(answer, to: waiting.read)))
            } else if waiting.answer == nil, lastExecuted >= lastReplied {
                // Thousands may have waited for this: they are not all run here and now.
                effects.readsAgain.append((waiting.ticket, waiting.read))
            } else if !waitingReads.add(waiting) {
                let refusal = refuse(waiting.read, from: waiting.client, .overloaded)
                effects.readAnswers.append((waiting.ticket, refusal))
            }
        }
    }

    private func reply(_ answer: ReadAnswer, to read: ReadRequest) -> ReplicaToClientMessage {
        .readReply(ReadReply(view: view, number: read.number, version: answer.version, result: answer.result))
    }

    private func refuse(
        _ read: ReadRequest, from client: ClientID, _ reason: RefusalReason
    ) -> ReplicaToClientMessage {
        let id = RequestID(client: client, session: .none, sequence: SequenceNumber(read.number))
        return .refusal(Refusal(request: id, reason: reason))
    }
}
