// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

@Suite struct ExecutorTests {
    let alice = Sample.client(1)
    let bob = Sample.client(2)
    let session = SessionID(instance: Instance(1), place: 0)

    func executor(_ mode: ReplicaMode = .voter, reads: Bool = true) -> Executor<AppendingMachine> {
        var settings = GroupSettings()
        settings.hasUnorderedReads = reads
        settings.pipelineMax = 4
        return Executor(machine: AppendingMachine(), view: .genesis, mode: mode, settings: settings)
    }

    @Test func aRepeatedRequestIsAnsweredFromTheKeptReplyAndNotExecutedAgain() {
        var executor = executor()
        var effects = ExecutionEffects<AppendingMachine>()
        let request = Sample.request(alice, session, 1)
        executor.carryOut(Sample.execution(1, [Sample.opening(alice, 1, session)]), into: &effects)
        executor.carryOut(
            Sample.execution(
                2,
                [
                    ExecutionStep(request: request, verdict: .execute),
                    ExecutionStep(request: request, verdict: .repeated),
                ]), into: &effects)
        executor.carryOut(.resend(request.id), into: &effects)
        #expect(effects.replies.map(\.body) == [.opened(session), .result([1]), .result([1]), .result([1])])
        #expect(effects.replies.allSatisfy { $0.finality == .final && $0.request.client == alice })
        #expect(executor.machine.log.count == 1)
    }

    @Test func aReplicaThatBecomesALearnerFallsSilent() {
        var executor = executor()
        var effects = ExecutionEffects<AppendingMachine>()
        executor.carryOut(.stopVoting, into: &effects)
        executor.carryOut(Sample.execution(1, [Sample.opening(alice, 1, session)]), into: &effects)
        #expect(effects.replies.isEmpty)
    }

    /// The core's session table and the executor together, as every replica runs them.
    @Test func aSnapshotInstalledElsewhereAnswersAndContinuesAlike() throws {
        var settings = GroupSettings()
        settings.pipelineMax = 4
        settings.sessionsMax = 2
        var table = SessionTable(settings: settings)
        var executor = Executor(machine: AppendingMachine(), view: .genesis, mode: .voter, settings: settings)
        var effects = ExecutionEffects<AppendingMachine>()
        var requests = [
            Sample.request(alice, .none, 1, kind: .open, payload: []),
            Sample.request(bob, .none, 1, kind: .open, payload: []),
        ]
        requests += (1...6).map { Sample.request(alice, session, $0, keptFrom: $0 / 2, payload: [UInt8($0)]) }
        requests += [Sample.request(alice, session, 6), Sample.request(bob, session, 1)]
        requests.append(Sample.request(Sample.client(0), .none, 1, kind: .open, payload: []))
        let steps = requests.enumerated().map { place, request in
            ExecutionStep(request: request, verdict: table.order(request, at: Instance(1), place: place))
        }
        executor.carryOut(Sample.execution(1, steps), into: &effects)
        executor.carryOut(
            .snapshot(
                instance: Instance(1), time: Timestamp(10), view: Sample.view, sessions: table, adaptation: .empty),
            into: &effects)
        let image = effects.snapshots[0].image()
        var other = Executor(machine: AppendingMachine(), view: .genesis, mode: .voter, settings: settings)
        var otherEffects = ExecutionEffects<AppendingMachine>()
        try other.install(image, SnapshotReader(chunks: effects.snapshots[0].chunks), into: &otherEffects)
        let otherTable = SessionTable(image: image, settings: settings)
        other.carryOut(
            .snapshot(
                instance: Instance(1), time: Timestamp(10), view: Sample.view, sessions: otherTable, adaptation: .empty),
            into: &otherEffects)
        #expect(otherEffects.snapshots[0].image() == image)
        effects.removeAll()
        otherEffects.removeAll()
        for request in requests {
            executor.carryOut(.resend(request.id), into: &effects)
            other.carryOut(.resend(request.id), into: &otherEffects)
        }
        #expect(effects.replies == otherEffects.replies)
    }

    @Test func nobodyGetsTheReplyOfAnothersSession() {
        var executor = executor()
        var effects = ExecutionEffects<AppendingMachine>()
        executor.carryOut(
            Sample.execution(
                1,
                [
                    Sample.opening(alice, 1, session),
                    ExecutionStep(request: Sample.request(alice, session, 1), verdict: .execute),
                ]), into: &effects)
        effects.removeAll()
        executor.carryOut(.resend(Sample.request(bob, session, 1).id), into: &effects)
        #expect(effects.replies.map(\.body) == [.replyForgotten])
        #expect(effects.replies.map(\.request.client) == [bob])
    }

    @Test func refusalsAreSentAndExecuteNothing() {
        var executor = executor()
        var effects = ExecutionEffects<AppendingMachine>()
        executor.carryOut(
            Sample.execution(
                1, [ExecutionStep(request: Sample.request(bob, session, 1), verdict: .refuse(.sessionUnknown))]),
            into: &effects)
        #expect(effects.replies.map(\.body) == [.sessionUnknown])
        #expect(executor.machine.log.isEmpty)
    }

    @Test func executedInstancesAreToldAsOneAndSeedsDiffer() {
        var executor = executor()
        var effects = ExecutionEffects<AppendingMachine>()
        let steps = (1...3).map {
            ExecutionStep(request: Sample.request(alice, session, UInt64($0)), verdict: .execute)
        }
        executor.carryOut(Sample.execution(1, [Sample.opening(alice, 1, session)]), into: &effects)
        executor.carryOut(Sample.execution(2, view: 3, steps), into: &effects)
        #expect(effects.events.count == 1)
        guard case .executed(upTo: Instance(2)) = effects.events[0] else {
            Issue.record("another event")
            return
        }
        #expect(Set(executor.machine.contexts.map(\.seed)).count == 3)
        #expect(executor.machine.contexts.allSatisfy { $0.time == Timestamp(20) && $0.client == alice })
        #expect(effects.replies.last?.view == ViewNumber(3))
        #expect(executor.lastExecuted == Instance(2))
    }

    @Test func anOrderedReadChangesNothingAndItsReplyIsKept() {
        var executor = executor()
        var effects = ExecutionEffects<AppendingMachine>()
        let read = Sample.request(alice, session, 1, kind: .orderedRead)
        executor.carryOut(
            Sample.execution(
                1, [Sample.opening(alice, 1, session), ExecutionStep(request: read, verdict: .execute)]),
            into: &effects)
        executor.carryOut(.resend(read.id), into: &effects)
        #expect(effects.replies.suffix(2).map(\.body) == [.result([0]), .result([0])])
    }

    @Test func aLearnerExecutesButTellsClientsNothing() {
        var executor = executor(.learner)
        var effects = ExecutionEffects<AppendingMachine>()
        executor.carryOut(
            Sample.execution(
                1,
                [
                    Sample.opening(alice, 1, session),
                    ExecutionStep(request: Sample.request(alice, session, 1), verdict: .execute),
                ]), into: &effects)
        executor.carryOut(.resend(Sample.request(alice, session, 1).id), into: &effects)
        #expect(effects.replies.isEmpty && executor.machine.log.count == 1)
        guard case .refusal(let refusal) = executor.answer(ReadRequest(number: 9, query: []), from: alice, ticket: 1)
        else {
            Issue.record("a learner answered a read")
            return
        }
        #expect(refusal.reason == .notServing && refusal.request.sequence == SequenceNumber(9))
    }

    @Test func readsNameTheVersionAndAreRefusedWhereReadsAreOrdered() {
        var executor = executor()
        var effects = ExecutionEffects<AppendingMachine>()
        executor.carryOut(Sample.execution(1, []), into: &effects)
        let answer = executor.answer(ReadRequest(number: 4, query: []), from: alice, ticket: 1)
        #expect(
            answer
                == .readReply(ReadReply(view: .genesis, number: 4, version: Instance(1), result: [0])))
        var ordered = self.executor(reads: false)
        guard case .refusal(let refusal) = ordered.answer(ReadRequest(number: 4, query: []), from: alice, ticket: 1)
        else {
            Issue.record("an unordered read was answered")
            return
        }
        #expect(refusal.reason == .readsAreOrdered)
    }

    @Test func anInstalledImageAnswersRepeatsAsTheStateDidThatItWasTakenOf() throws {
        var executor = executor()
        var effects = ExecutionEffects<AppendingMachine>()
        let replies = [
            KeptReply(sequence: SequenceNumber(3), body: .result([8])),
            KeptReply(sequence: SequenceNumber(5), body: .result([9])),
        ]
        let image = CheckpointImage(
            instance: Instance(12), time: Timestamp(99), view: Sample.view,
            sessions: [Sample.record(session, alice, highest: 5, replies: replies)],
            openings: [OpeningRecord(client: alice, number: SequenceNumber(2), session: session)])
        try executor.install(image, SnapshotReader(chunks: [[4], [5]]), into: &effects)
        #expect(effects.events.count == 1 && executor.lastExecuted == Instance(12))
        executor.carryOut(.resend(Sample.request(alice, session, 5).id), into: &effects)
        executor.carryOut(.resend(Sample.request(alice, session, 4).id), into: &effects)
        executor.carryOut(
            Sample.execution(
                13, [ExecutionStep(request: Sample.request(alice, session, 4), verdict: .execute)]), into: &effects)
        #expect(
            effects.replies.map(\.body) == [.result([9]), .replyForgotten, .result([3])])
    }

    @Test func aSnapshotThatCannotBeRestoredIsATypedError() {
        var executor = executor()
        var effects = ExecutionEffects<AppendingMachine>()
        let image = CheckpointImage(
            instance: Instance(12), time: .zero, view: Sample.view, sessions: [], openings: [])
        #expect(throws: SnapshotNotRestored.self) {
            try executor.install(image, SnapshotReader(chunks: [[0xFF]]), into: &effects)
        }
        #expect(effects.events.isEmpty)
    }

    @Test func aSnapshotIsOfTheMomentWhenItWasOrdered() {
        var executor = executor()
        var effects = ExecutionEffects<AppendingMachine>()
        executor.carryOut(Sample.execution(1, []), into: &effects)
        executor.carryOut(
            .snapshot(
                instance: Instance(1), time: Timestamp(10), view: Sample.view,
                sessions: SessionTable(settings: GroupSettings()), adaptation: .empty),
            into: &effects)
        executor.carryOut(
            Sample.execution(
                2,
                [
                    Sample.opening(alice, 1, session),
                    ExecutionStep(request: Sample.request(alice, session, 1), verdict: .execute),
                ]), into: &effects)
        let image = effects.snapshots[0].image()
        #expect(image.instance == Instance(1) && effects.snapshots[0].chunks.isEmpty && image.sessions.isEmpty)
    }

    @Test func onlyWhatADigestNamesIsServed() {
        var store = SnapshotStore()
        let digest = Digest(words: Words32(1, 2, 3, 4))
        let kept = HashedCheckpoint(
            contents: CheckpointContents(imageChunks: 1, chunks: [[1]]),
            manifest: CheckpointManifest(imageChunks: 1, bytes: 1, digests: [.zero]), digest: digest)
        store.insert(kept, after: Instance(8))
        #expect(store.checkpoint(after: Instance(8), digest) == kept)
        #expect(store.checkpoint(after: Instance(8), .zero) == nil)
        store.forget(ForgottenSnapshots(below: Instance(8)))
        #expect(store.checkpoint(after: Instance(8), digest) == kept)
        store.forget(ForgottenSnapshots(below: Instance(9), except: [Instance(8)]))
        #expect(store.checkpoint(after: Instance(8), digest) == kept)
        store.forget(ForgottenSnapshots(below: Instance(9)))
        #expect(store.checkpoint(after: Instance(8), digest) == nil)
    }
}
