// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// What a replica signs for a receipt (protocol §4): only what it has executed finally, and as what it was executed.
@Suite struct ExecutorReceiptTests {
    private let alice = Sample.client(1)
    private let bob = Sample.client(2)
    private let session = SessionID(instance: Instance(1), place: 0)

    private func executor(_ mode: ReplicaMode = .voter) -> Executor<AppendingMachine> {
        var settings = GroupSettings()
        settings.pipelineMax = 4
        return Executor(machine: AppendingMachine(), view: .genesis, mode: mode, settings: settings)
    }

    private func digest(_ number: UInt64) -> Digest { Digest(words: Words32(number, 0, 0, 0)) }

    private func step(
        _ sequence: UInt64, digest number: UInt64, _ verdict: ExecutionVerdict = .execute, keptFrom: UInt64 = 0,
        kind: RequestKind = .operation
    ) -> ExecutionStep {
        ExecutionStep(
            request: Sample.request(alice, session, sequence, keptFrom: keptFrom, kind: kind), digest: digest(number),
            verdict: verdict)
    }

    private func id(_ sequence: UInt64) -> RequestID { Sample.request(alice, session, sequence).id }

    private func run(_ executor: inout Executor<AppendingMachine>, _ orders: ExecutionOrder...) {
        var effects = ExecutionEffects<AppendingMachine>()
        for order in orders { executor.carryOut(order, into: &effects) }
    }

    private func opened(_ mode: ReplicaMode = .voter) -> Executor<AppendingMachine> {
        var executor = executor(mode)
        run(&executor, Sample.execution(1, [Sample.opening(alice, 1, session)]))
        return executor
    }

    @Test func itIsOfWhatWasExecutedWhateverComesUnderTheSameNameLater() {
        var executor = opened()
        run(
            &executor, Sample.execution(2, [step(1, digest: 7)]),
            Sample.execution(3, [step(1, digest: 8, .repeated), step(2, digest: 9)]))
        let claim = executor.receipt(of: id(1))
        #expect(
            claim
                == ReceiptClaim(
                    request: id(1), view: .genesis,
                    provenance: Provenance(request: digest(7), instance: Instance(2), time: Timestamp(20)), result: [1])
        )
        #expect(executor.receipt(of: id(2))?.provenance.request == digest(9))
    }

    @Test func nothingThatIsNotKeptIsSigned() {
        var executor = opened()
        #expect(executor.receipt(of: id(1)) == nil)
        run(&executor, Sample.execution(2, [step(1, digest: 1), step(2, digest: 2, keptFrom: 2)]))
        #expect(executor.receipt(of: id(1)) == nil && executor.receipt(of: id(2)) != nil)
        #expect(executor.receipt(of: id(3)) == nil)
        // Another client's, in its name or in that of whose session it is; an opening.
        #expect(executor.receipt(of: RequestID(client: bob, session: session, sequence: id(2).sequence)) == nil)
        #expect(executor.receipt(of: RequestID(client: alice, session: .none, sequence: SequenceNumber(1))) == nil)
        run(
            &executor,
            Sample.execution(
                3, [Sample.opening(bob, 1, SessionID(instance: Instance(3), place: 0), evicted: [session])]))
        #expect(executor.receipt(of: id(2)) == nil)
    }

    @Test func onlyResultsOfTheServiceAreSigned() {
        var executor = opened()
        run(&executor, Sample.execution(2, [step(1, digest: 1, .reconfigure(.follows(ViewNumber(2))))]))
        #expect(executor.receipt(of: id(1)) == nil)
        run(&executor, Sample.execution(3, [step(2, digest: 2, kind: .orderedRead)]))
        #expect(executor.receipt(of: id(2))?.result == [0])
    }

    /// **Safety**: what may still be rolled back is nobody's word.
    @Test func nothingTentativeIsSigned() throws {
        var executor = opened()
        guard case .execute(let first) = Sample.execution(2, [step(1, digest: 1)]),
            case .execute(let other) = Sample.execution(2, [step(2, digest: 2)])
        else { return }
        run(&executor, .executeTentatively(first))
        #expect(executor.receipt(of: id(1)) == nil)
        run(&executor, .rollBack(to: Instance(1)), .executeTentatively(other))
        #expect(executor.receipt(of: id(1)) == nil && executor.receipt(of: id(2)) == nil)
        run(&executor, .execute(other))
        #expect(executor.receipt(of: id(1)) == nil)
        #expect(executor.receipt(of: id(2))?.provenance == other.provenance(of: other.steps[0]))
    }

    @Test func whoMustNotBeCountedOnSignsNothing() {
        var learner = opened(.learner)
        run(&learner, Sample.execution(2, [step(1, digest: 1)]))
        #expect(learner.receipt(of: id(1)) == nil)
        run(&learner, .beginVoting)
        #expect(learner.receipt(of: id(1)) != nil)
        run(&learner, .stopVoting)
        #expect(learner.receipt(of: id(1)) == nil)
    }

    /// In another view it is the word of that view's members; in between it is nobody's.
    @Test func theViewIsTheOneInWhichItIsSigned() throws {
        var executor = opened()
        run(&executor, Sample.execution(2, [step(1, digest: 1)]), .endView)
        #expect(executor.receipt(of: id(1)) == nil)
        run(&executor, .beginView(try Sample.view.successor(Sample.view.plan)))
        let claim = executor.receipt(of: id(1))
        #expect(claim?.view == ViewNumber(2) && claim?.provenance.instance == Instance(2))
    }

    /// A replica that has taken over the state signs the same as those that have executed it.
    @Test func aCheckpointHoldsWhatIsSigned() throws {
        var table = SessionTable(settings: GroupSettings())
        var executor = Executor(machine: AppendingMachine(), view: .genesis, mode: .voter, settings: GroupSettings())
        var effects = ExecutionEffects<AppendingMachine>()
        for (place, request) in [
            Sample.request(alice, .none, 1, kind: .open, payload: []), Sample.request(alice, session, 1),
            Sample.request(alice, session, 2),
        ].enumerated() {
            let instance = UInt64(place + 1)
            let verdict = table.order(request, at: Instance(instance), place: 0)
            let step = ExecutionStep(request: request, digest: digest(instance), verdict: verdict)
            executor.carryOut(Sample.execution(instance, [step]), into: &effects)
        }
        executor.carryOut(
            .snapshot(
                instance: Instance(3), time: Timestamp(30), view: Sample.view, sessions: table, adaptation: .empty),
            into: &effects)
        let snapshot = try #require(effects.snapshots.first)
        var other = Executor(machine: AppendingMachine(), view: .genesis, mode: .voter, settings: GroupSettings())
        try other.install(snapshot.image(), SnapshotReader(chunks: snapshot.chunks), into: &effects)
        for sequence in [1, 2] as [UInt64] {
            let (first, second) = (executor.receipt(of: id(sequence)), other.receipt(of: id(sequence)))
            #expect(first == second && first?.provenance.request == digest(sequence + 1))
        }
    }
}
