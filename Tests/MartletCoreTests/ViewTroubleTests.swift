// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// What can go wrong between two views (protocol §3), and what liars say of them.
@Suite struct ViewTroubleTests {
    private let admin = Samples.client(9)
    private let alice = Samples.client(1)

    // MARK: Trouble on the way

    @Test func aLastInstanceThatOneReplicaAloneHasDecidedIsSettledByTheOthers() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        // ACCEPTs reach replica 2 only, and nothing else that it says of views reaches the others.
        group.passes = { parcel in
            switch parcel.message {
            case .accept: parcel.to == 2
            case .install, .decided, .progress, .views: parcel.from != 2
            default: true
            }
        }
        group.submit(change.request(heavy: [0, 1], order: [3, 2, 1, 0]))
        group.settle()
        #expect(group.nodes[2].notices.contains { if case .viewEnded = $0 { true } else { false } })
        #expect(group.status(1).decided < group.status(2).decided)
        // Now the leader is gone.
        group.nodes[0].isUp = false
        group.passes = { parcel in
            switch parcel.message {
            case .install, .decided, .views: false
            default: true
            }
        }
        group.submit(Samples.operation(alice, session, 1, [1]))
        group.pass(milliseconds: 3_000)
        #expect(group.status(1).decided == group.status(2).decided, "it took part in the leader change")
        group.passes = { _ in true }
        group.pass(milliseconds: 1_000)
        for place in 1...3 {
            #expect(group.status(place).epoch.view == ViewNumber(2))
            #expect(group.executed(place) == [[1]])
        }
    }

    @Test func wordsOnTheNextViewThatAreLostAreSentAgain() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        group.passes = { parcel in
            switch parcel.message {
            case .install, .views: false
            default: true
            }
        }
        group.submit(change.request(heavy: [0, 1], order: [3, 2, 1, 0]))
        group.pass(milliseconds: 500)
        for place in 0..<4 {
            #expect(group.status(place).epoch == Epoch(view: .genesis, regency: .first), "nobody is to blame")
        }
        group.passes = { _ in true }
        group.pass(milliseconds: 300)
        for place in 0..<4 { #expect(group.status(place).epoch.view == ViewNumber(2)) }
    }

    @Test func theNewLeaderDiesBeforeItsFirstProposal() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        group.submit(change.request(heavy: [0, 1], order: [3, 2, 1, 0]))
        group.settle()
        group.nodes[3].isUp = false
        group.submit(Samples.operation(alice, session, 1, [1]))
        group.pass(milliseconds: 2_000)
        for place in 0..<3 {
            #expect(group.status(place).epoch == Epoch(view: ViewNumber(2), regency: Regency(2)))
            #expect(group.executed(place) == [[1]])
        }
    }

    @Test func aSleeperIsLedThroughManyViewsByOneReplica() throws {
        let group = try Group(n: 4, f: 1, checkpointPeriod: 8)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        group.passes = { $0.to != 3 && $0.from != 3 }
        for number in 1...70 {
            group.submit(change.request(heavy: [0, 1], order: number % 2 == 1 ? [2, 1, 0, 3] : [0, 1, 2, 3]))
            group.settle()
        }
        group.submit(Samples.operation(alice, session, 1, [1]))
        group.settle()
        #expect(group.status(0).epoch.view == ViewNumber(71))
        #expect(group.status(3).epoch.view == .genesis)
        group.passes = { $0.to != 3 && $0.from != 3 || $0.to == 1 || $0.from == 1 }
        group.pass(milliseconds: 4_000)
        #expect(group.status(3).epoch.view == ViewNumber(71))
        group.passes = { _ in true }
        // It votes like everyone else: without another one, too.
        group.nodes[1].isUp = false
        group.submit(Samples.operation(alice, session, 2, [2]))
        group.pass(milliseconds: 2_000)
        #expect(group.executed(3).last == [2])
    }

    /// Seed 2705: a newcomer over a thin link knew them all, and was told them again 350 times a second, while its state was on the way.
    @Test func whoSpeaksInAnOldViewForLongIsToldOfTheOthersAFewTimesOnly() throws {
        let group = try Group(n: 4, f: 1, checkpointPeriod: 8)
        let change = Change(group, by: admin)
        group.passes = { $0.to != 3 && $0.from != 3 }
        for number in 1...12 {
            group.submit(change.request(heavy: [0, 1], order: number % 2 == 1 ? [2, 1, 0, 3] : [0, 1, 2, 3]))
            group.settle()
        }
        var told = 0
        group.onSend = { _, message in if case .views = message { told += 1 } }
        group.passes = { parcel in
            guard parcel.to == 3 else { return true }
            if case .views = parcel.message { return true }
            if case .progress = parcel.message { return true }
            return false
        }
        group.pass(milliseconds: 4_000)
        #expect(group.status(3).epoch.view == .genesis && group.nodes[3].certificates.count == 12)
        #expect(told > 0 && told < 3 * 12)
        // It is not forgotten: it asks for help, and may have lost them.
        told = 0
        group.pass(milliseconds: 20_000)
        #expect(told > 0 && told < 3 * 12)
    }

    /// Seed 17527: where views begin all the time, each one had all of them told again.
    @Test func viewsThatBeginMeanwhileAreToldAlone() {
        var told = ToldViews()
        func due(_ member: UInt64, _ newest: UInt64, _ milliseconds: UInt64) -> UInt64? {
            told.due(
                to: ViewNumber(member), newest: ViewNumber(newest), at: .zero + .milliseconds(milliseconds),
                pause: .milliseconds(10))?.rawValue
        }
        #expect(due(1, 9, 0) == 1)
        #expect(due(1, 9, 9) == nil && due(1, 9, 10) == 1 && due(1, 9, 29) == nil)
        #expect(due(1, 10, 29) == 9, "the new one")
        #expect(due(1, 12, 38) == nil && due(1, 12, 39) == 10)
        #expect(due(1, 12, 58) == nil && due(1, 12, 59) == 1, "all again, as they may be lost")
        #expect(due(1, 12, 98) == nil && due(1, 12, 99) == 1)
        #expect(due(2, 12, 108) == nil && due(2, 12, 109) == 2, "it has gone on")
        #expect(due(2, 12, 119) == 2)
    }

    @Test func aReplicaThatHasLostItsVotesFollowsTheViewsAsALearner() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        group.submit(change.request(heavy: [0, 1], order: [3, 2, 1, 0]))
        group.settle()
        group.restart(2, mode: .learner)
        group.submit(Samples.operation(alice, session, 1, [1]))
        group.pass(milliseconds: 900)
        #expect(group.status(2).epoch.view == ViewNumber(2))
        #expect(group.executed(2) == [[1]])
        #expect(group.status(2).mode == .learner)
    }

    /// The first leader has voted for instances beyond the end in a regency whose proposals came to nothing.
    @Test func votesBeyondTheEndOfAViewAreForgotten() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        group.passes = { $0.from != 0 && $0.to != 0 }
        for sequence in 1...3 {
            group.submit(Samples.operation(alice, session, UInt64(sequence), [UInt8(sequence)]), to: [0])
            group.settle()
            group.pass(milliseconds: 5)
        }
        group.submit(change.request(heavy: [0, 1], order: [3, 2, 1, 0], isSigned: true))
        group.pass(milliseconds: 1_500)
        #expect(group.status(1).epoch.view == ViewNumber(2))
        group.passes = { _ in true }
        for sequence in 1...3 { group.submit(Samples.operation(alice, session, UInt64(sequence), [UInt8(sequence)])) }
        group.pass(milliseconds: 1_500)
        for place in 0..<4 {
            #expect(group.status(place).epoch == Epoch(view: ViewNumber(2), regency: .first))
            #expect(Set(group.executed(place)) == [[1], [2], [3]])
        }
    }

    // MARK: Liars

    @Test func aLiarsWordOnTheNextViewCountsForNothing() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        let false1 = try group.view.successor(change.plan(heavy: [2, 3], order: [3, 2, 1, 0]))
        let decided = group.status(1).decided
        // Before anything was decided, and again in time: its first word counts, and nobody agrees.
        for to in 0..<3 {
            group.inject(.install(Install(view: .genesis, last: decided, next: false1)), from: 3, to: to)
        }
        group.rewrite = { parcel in
            guard parcel.from == 3, case .install = parcel.message else { return parcel.message }
            return .install(Install(view: .genesis, last: decided, next: false1))
        }
        group.settle()
        for place in 0..<3 { #expect(group.status(place).epoch.view == .genesis) }
        group.submit(change.request(heavy: [0, 1], order: [1, 2, 3, 0]))
        group.settle()
        group.submit(Samples.operation(alice, session, 1, [1]))
        group.pass(milliseconds: 300)
        for place in 0..<3 {
            #expect(group.status(place).view.leaderOrder.map(\.position) == [1, 2, 3, 0])
            #expect(group.executed(place) == [[1]])
        }
    }

    @Test func votesOfAViewToComeCountOnlyInIt() throws {
        let group = try Group(n: 4, f: 1)
        let session = group.openSession(alice)
        let next = group.status(1).decided + 1
        let digest = Digest(words: Words32(5, 5, 5, 5))
        let epoch = Epoch(view: ViewNumber(2), regency: .first)
        for from in [0, 2, 3] {
            group.inject(.write(WriteVote(epoch: epoch, instance: next, digest: digest)), from: from, to: 1)
            group.inject(
                .accept(AcceptVote(epoch: epoch, instance: next, digest: digest, signature: .absent)), from: from, to: 1
            )
        }
        #expect(group.status(1).decided < next)
        group.submit(Samples.operation(alice, session, 1, [1]))
        group.settle()
        #expect(group.executed(1) == [[1]])
    }

    @Test func earlyMessagesAreBounded() throws {
        let group = try Group(n: 4, f: 1)
        let epoch = Epoch(view: ViewNumber(2), regency: .first)
        for number in 0..<10_000 {
            let vote = WriteVote(
                epoch: epoch, instance: Instance(UInt64(number + 1)), digest: Digest(words: Words32(5, 5, 5, 5)))
            group.inject(.write(vote), from: 3, to: 1)
        }
        #expect(group.nodes[1].core.held(.earlyMessagesOfOneMember) == 3 * group.view.settings.window)
    }

    /// A liar's proposals for the next view list what it likes.
    @Test func earlyProposalsAreBoundedByWhatTheyList() throws {
        let group = try Group(n: 4, f: 1, window: 16)
        let epoch = Epoch(view: ViewNumber(2), regency: .first)
        let most = group.view.batchEntriesMax
        func propose(_ instance: UInt64, entries: Int, tag: UInt64 = 1) {
            let batch = Batch(
                instance: Instance(instance), born: epoch, time: group.now.wall,
                entries: (0..<entries).map { .probe(SequenceNumber(UInt64($0) + tag), of: Samples.key(3)) })
            group.inject(.propose(Propose(epoch: epoch, batch: batch)), from: 3, to: 1)
        }
        func held(_ what: CoreHolding) -> Int { group.nodes[1].core.held(what) }
        // One for each instance in reach.
        for instance in [0, 33, 1_000_000] as [UInt64] { propose(instance, entries: 1) }
        #expect(held(.earlyMessagesOfOneMember) == 0)
        for tag in 1...10 as ClosedRange<UInt64> { propose(32, entries: 1, tag: tag) }
        #expect(held(.earlyMessagesOfOneMember) == 1 && held(.earlyEntriesOfOneMember) == 1)
        for instance in 1...31 as ClosedRange<UInt64> { propose(instance, entries: most) }
        #expect(held(.earlyEntriesOfOneMember) == 15 * most + 1)
        #expect(held(.earlyMessagesOfOneMember) == 16)
        propose(31, entries: most - 1)
        #expect(held(.earlyEntriesOfOneMember) == 16 * most)
    }

    /// Or else one member could have another ask it again and again, without end.
    @Test func viewsThatAreKnownAreNoReasonToAskForMore() throws {
        let group = try Group(n: 4, f: 1)
        var chain: [ViewCertificate] = []
        var view = group.view
        for number in 1...ViewChainPart.certificatesMax {
            let plan = view.plan
            let next = try view.successor(
                ViewPlan(heavy: plan.heavy, leaderOrder: plan.leaderOrder.reversed(), settings: plan.settings))
            chain.append(
                ViewCertificate(view: view.number, last: Instance(UInt64(number)), next: next, shares: []))
            view = next
        }
        func asked() -> Int {
            group.inject(.views(ViewChainPart(certificates: chain)), from: 3, to: 1)
            defer { group.queue.removeAll() }
            return group.underWay(from: 1).count { if case .fetchViews = $0 { true } else { false } }
        }
        group.queue.removeAll()
        #expect(asked() == 1)
        for _ in 0..<3 { #expect(asked() == 0) }
    }

    /// Its clients must not be told what its wrong state makes of their requests.
    @Test func aReplicaWhoseStateMakesAnotherViewFollowFollowsAsALearner() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let plan = change.plan(heavy: [2, 3], order: [0, 1, 2, 3])
        let last = group.status(2).decided + 1
        let certificate = ViewCertificate(
            view: .genesis, last: last, next: try group.view.successor(plan), shares: [])
        group.inject(.views(ViewChainPart(certificates: [certificate])), from: 3, to: 2)
        group.submit(change.request(heavy: [0, 1], order: [3, 2, 1, 0]))
        group.settle()
        #expect(group.status(2).decided == last)
        #expect(group.status(2).mode == .learner)
        #expect(group.nodes[2].notices.contains(.misbehaviour(ReplicaID(2), .conflictingView)))
        #expect(group.nodes.map(\.stops) == [0, 0, 1, 0])
    }

    /// A member that enters late has the others' first proposals and votes already, and asks nobody for them.
    @Test func whatCameBeforeTheViewIsNotAskedForAgain() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        var held: [Group.Parcel] = []
        var isHolding = true
        group.passes = { parcel in
            guard isHolding, parcel.to == 2 else { return true }
            switch parcel.message {
            case .install, .views:
                held.append(parcel)
                return false
            default: return true
            }
        }
        group.submit(change.request(heavy: [0, 1], order: [3, 2, 1, 0]))
        group.settle()
        group.submit(Samples.operation(alice, session, 1, [1]))
        group.settle()
        #expect(group.status(2).epoch.view == .genesis)
        isHolding = false
        let asked = group.record(2)
        for parcel in held { group.inject(parcel.message, from: parcel.from, to: 2) }
        group.settle()
        #expect(group.executed(2) == [[1]])
        #expect(
            asked.messages.allSatisfy {
                switch $0 {
                case .fetchDecisions, .fetchBatch, .fetchCheckpoint: false
                default: true
                }
            })
    }
}
