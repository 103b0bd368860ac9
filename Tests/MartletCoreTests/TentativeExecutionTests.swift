// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// What the execution stage makes of instances that are not decided (protocol §5): it answers, keeps what it needs to go back,
/// and holds reads back.
@Suite final class TentativeExecutionTests {
    private let alice = Sample.client(1)
    private let session = SessionID(instance: Instance(1), place: 0)
    private var executor = Executor(
        machine: AppendingMachine(), view: .genesis, mode: .voter, settings: GroupSettings())
    private var effects = ExecutionEffects<AppendingMachine>()

    init() {
        executor.carryOut(Sample.execution(1, [Sample.opening(alice, 1, session)]), into: &effects)
        effects.removeAll()
    }

    private func execution(_ instance: UInt64, _ sequence: UInt64, regency: UInt64 = 1, digest: UInt64? = nil)
        -> Execution
    {
        Execution(
            epoch: Epoch(view: .genesis, regency: Regency(regency)), instance: Instance(instance),
            digest: Digest(words: Words32(digest ?? instance, 0, 0, 0)), time: Timestamp(instance * 10),
            steps: [ExecutionStep(request: request(sequence), verdict: .execute)])
    }

    private func request(_ sequence: UInt64) -> Request {
        Sample.request(alice, session, sequence, payload: [UInt8(sequence)])
    }

    private func carryOut(_ orders: ExecutionOrder...) {
        for order in orders { executor.carryOut(order, into: &effects) }
    }

    /// The answers since the last time.
    private func takeReplies() -> [Reply] {
        defer { effects.removeAll() }
        return effects.replies
    }

    private func read(_ number: UInt64) -> ReplicaToClientMessage? {
        executor.answer(ReadRequest(number: number, query: []), from: alice, ticket: number)
    }

    private func takeReads() -> [(ticket: UInt64, answer: ReplicaToClientMessage)] {
        defer { effects.removeAll() }
        return effects.readAnswers
    }

    private func found(_ number: UInt64, version: UInt64, _ result: UInt8) -> ReplicaToClientMessage {
        .readReply(ReadReply(view: .genesis, number: number, version: Instance(version), result: [result]))
    }

    @Test func aTentativeReplyNamesEpochAndInstanceAndIsNotRepeatedByTheDecisionInThatEpoch() {
        carryOut(.executeTentatively(execution(2, 1)))
        let told = takeReplies()
        let finality = Finality.tentative(epoch: Epoch(view: .genesis, regency: .first), instance: Instance(2))
        #expect(told.map(\.finality) == [finality] && told.map(\.body) == [.result([1])])
        carryOut(.resend(request(1).id))
        #expect(takeReplies().map(\.body) == [.replyForgotten], "what is not decided is no reply to keep")
        carryOut(.execute(execution(2, 1)))
        #expect(takeReplies().isEmpty && executor.machine.log.count == 1)
        carryOut(.resend(request(1).id))
        #expect(takeReplies().map(\.body) == [.result([1])])
    }

    /// The others may have answered in the new epoch: replies of two epochs never make a quorum, final ones join any.
    @Test func aDecisionInAnotherEpochIsToldAgain() {
        carryOut(.executeTentatively(execution(2, 1)))
        _ = takeReplies()
        carryOut(.execute(execution(2, 1, regency: 2)))
        #expect(takeReplies().map(\.finality) == [.final] && executor.machine.log.count == 1)
    }

    @Test func goingBackUndoesOnlyWhatLiesBeyond() {
        carryOut(.executeTentatively(execution(2, 1)), .executeTentatively(execution(3, 2)))
        carryOut(.executeTentatively(execution(4, 3)), .rollBack(to: Instance(2)))
        #expect(executor.machine.log == [[1]] && executor.lastExecuted == Instance(2))
        carryOut(.executeTentatively(execution(3, 7, regency: 2, digest: 30)))
        carryOut(.execute(execution(2, 1, regency: 2)), .execute(execution(3, 7, regency: 2, digest: 30)))
        #expect(executor.machine.log == [[1], [7]])
        _ = takeReplies()
        carryOut(.resend(request(2).id))
        #expect(takeReplies().map(\.body) == [.replyForgotten])
    }

    /// The service has gone on meanwhile.
    @Test func aCheckpointHoldsTheDecidedStateOnly() {
        carryOut(.executeTentatively(execution(2, 1)), .executeTentatively(execution(3, 2)))
        carryOut(
            .execute(execution(2, 1)),
            .snapshot(
                instance: Instance(2), time: Timestamp(20), view: Sample.view, sessions: table(highest: 1),
                adaptation: .empty))
        let image = effects.snapshots[0].image()
        #expect(effects.snapshots[0].chunks == [[1]] && executor.machine.log.count == 2)
        #expect(image.sessions.flatMap(\.replies).map(\.sequence) == [SequenceNumber(1)])
    }

    private func table(highest: UInt64) -> SessionTable {
        var table = SessionTable(settings: GroupSettings())
        _ = table.order(Sample.opening(alice, 1, session).request, at: Instance(1), place: 0)
        _ = table.order(request(highest), at: Instance(2), place: 0)
        return table
    }

    /// A client may hold the result of what is not decided here: a read must see it, and must not be told before it is.
    @Test func aReadSeesWhatIsNotDecidedAndWaitsForTheDecision() {
        carryOut(.executeTentatively(execution(2, 1)))
        #expect(read(9) == nil)
        carryOut(.executeTentatively(execution(3, 2)))
        #expect(takeReads().isEmpty)
        carryOut(.execute(execution(2, 1)))
        let answers = takeReads()
        #expect(answers.map(\.ticket) == [9] && answers.map(\.answer) == [found(9, version: 2, 1)])
        #expect(read(10) == nil)
    }

    @Test func aReadThatSawWhatWasUndoneIsRunAgainOnceThisReplicaIsAsFarAsItWas() {
        carryOut(.executeTentatively(execution(2, 1)), .executeTentatively(execution(3, 2)))
        #expect(read(9) == nil)
        carryOut(.rollBack(to: Instance(2)), .execute(execution(2, 1, regency: 2)))
        #expect(takeReads().isEmpty)
        // It replied for instance 3, and has none now.
        #expect(read(10) == nil)
        carryOut(.execute(execution(3, 7, regency: 2, digest: 30)))
        // Not here and now, thousands may wait: at the driver's pace.
        #expect(effects.readsAgain.map(\.ticket) == [9, 10] && takeReads().isEmpty)
        #expect(read(9) == found(9, version: 3, 2) && read(10) == found(10, version: 3, 2))
        #expect(executor.machine.log == [[1], [7]])
        #expect(read(11) == found(11, version: 3, 2))
    }

    @Test func readsThatWaitWhenTheViewEndsAreRefused() {
        carryOut(.executeTentatively(execution(2, 1)))
        #expect(read(9) == nil)
        carryOut(.rollBack(to: Instance(1)), .endView)
        let answers = takeReads()
        guard case .refusal(let refusal)? = answers.first?.answer else {
            Issue.record("it was answered, or forgotten")
            return
        }
        #expect(answers.count == 1 && refusal.reason == .notServing)
    }

    @Test func noMoreReadsWaitThanThereIsRoomFor() {
        carryOut(.executeTentatively(execution(2, 1)))
        for number in 1...UInt64(WaitingReads.countOfOneClientMax) { #expect(read(number) == nil) }
        guard case .refusal(let refusal)? = read(5_000) else {
            Issue.record("it was answered, or waits")
            return
        }
        #expect(refusal.reason == .overloaded)
        // Others have room.
        #expect(executor.answer(ReadRequest(number: 1, query: []), from: Sample.client(2), ticket: 6_000) == nil)
        carryOut(.execute(execution(2, 1)))
        #expect(takeReads().count == WaitingReads.countOfOneClientMax + 1)
    }

    /// Another replica may decide it, execute it and tell a client: a quorum of readers must not miss it.
    @Test func whatIsAcceptedButCannotBeExecutedHoldsReadsBack() {
        #expect(read(1) != nil)
        carryOut(.holdReads(upTo: Instance(2)))
        #expect(read(9) == nil)
        carryOut(.execute(execution(2, 1)))
        #expect(effects.readsAgain.map(\.ticket) == [9])
        #expect(read(9) == found(9, version: 2, 1))
    }

    @Test func aQueryLongerThanARequestMayBeIsRefused() {
        let long = ReadRequest(number: 1, query: Bytes(repeating: 0, count: GroupSettings().requestBytesMax + 1))
        guard case .refusal(let refusal)? = executor.answer(long, from: alice, ticket: 1) else {
            Issue.record("it was run")
            return
        }
        #expect(refusal.reason == .payloadTooLarge)
    }

    /// A service without a way of its own is encoded and restored.
    @Test func whatWasOpenedTentativelyIsNotThereAfterGoingBack() {
        let other = SessionID(instance: Instance(2), place: 0)
        let opening = Execution(
            epoch: Epoch(view: .genesis, regency: .first), instance: Instance(2),
            digest: Digest(words: Words32(2, 0, 0, 0)), time: Timestamp(20),
            steps: [Sample.opening(Sample.client(2), 1, other)])
        carryOut(.executeTentatively(opening))
        #expect(takeReplies().map(\.body) == [.opened(other)])
        carryOut(.rollBack(to: Instance(1)), .execute(execution(2, 1, regency: 2, digest: 20)))
        _ = takeReplies()
        #expect(executor.replies.sessionCount == 1)
    }
}
