// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// From one view to the next (protocol §3).
@Suite struct ViewTests {
    private let admin = Samples.client(9)
    private let alice = Samples.client(1)

    // MARK: The ordinary way

    @Test(arguments: [FaultModel.byzantine, .crash])
    func aReconfigurationBeginsANewViewAfterItsInstance(_ model: FaultModel) throws {
        let group = try Group(n: 5, f: 1, model: model)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        group.submit(change.request(heavy: model == .crash ? [3] : [3, 4], order: [4, 3, 2, 1, 0]))
        group.settle()
        let last = try #require(group.nodes[0].executions.last?.instance)
        for place in 0..<5 {
            #expect(group.status(place).epoch == Epoch(view: ViewNumber(2), regency: .first))
            #expect(group.status(place).leader == ReplicaID(4))
        }
        group.submit(Samples.operation(alice, session, 1, [7]))
        group.settle()
        for place in 0..<5 {
            #expect(group.executed(place).last == [7])
            #expect(group.nodes[place].executions.allSatisfy { ($0.epoch.view == .genesis) == ($0.instance <= last) })
            #expect(group.nodes[place].executions.last?.epoch.view == ViewNumber(2))
        }
    }

    /// Others may decide it, and a client be told of it, while it is only accepted here.
    @Test func whatMayEndTheViewIsNotExecutedTentativelyAndHoldsReadsBack() throws {
        var settings = GroupSettings()
        settings.window = 4
        settings.executesTentatively = true
        let group = Group(view: try Samples.view(n: 5, f: 1, model: .byzantine, settings: settings))
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        group.submit(Samples.operation(alice, session, 1, [7]))
        group.settle()
        group.submit(change.request(heavy: [3, 4], order: [4, 3, 2, 1, 0]))
        group.settle()
        let last = try #require(group.nodes[0].executions.last?.instance)
        for place in 0..<5 {
            #expect(group.status(place).epoch.view == ViewNumber(2))
            #expect(group.nodes[place].tentative.last?.instance == last.previous)
            #expect(group.nodes[place].holds == [last] && group.nodes[place].rollbacks.isEmpty)
        }
    }

    @Test func aSingleReplicaChangesItsViewAlone() throws {
        let group = try Group(n: 1, f: 0)
        let change = Change(group, by: admin)
        var settings = group.view.settings
        settings.window = 9
        group.submit(change.request(heavy: [], order: [0], settings: settings))
        group.settle()
        #expect(group.status(0).epoch.view == ViewNumber(2))
        #expect(group.status(0).view.settings.window == 9)
    }

    /// n = 5, Δ = 1: two heavy members and one more are a quorum.
    @Test func quorumsAreCountedWithTheWeightsOfTheNewView() throws {
        let group = try Group(n: 5, f: 1)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        group.nodes[1].isUp = false
        group.nodes[2].isUp = false
        group.submit(Samples.operation(alice, session, 1, [1]))
        group.settle()
        #expect(group.executed(0).isEmpty, "0 heavy, 3 and 4 light: no quorum of the first view")
        group.nodes[1].isUp = true
        group.nodes[2].isUp = true
        group.pass(milliseconds: 300)
        #expect(group.executed(0) == [[1]])
        group.submit(change.request(heavy: [3, 4], order: [0, 1, 2, 3, 4]))
        group.settle()
        group.nodes[1].isUp = false
        group.nodes[2].isUp = false
        group.submit(Samples.operation(alice, session, 2, [2]))
        group.settle()
        for place in [0, 3, 4] { #expect(group.executed(place) == [[1], [2]]) }
    }

    @Test func whatWasProposedForTheOldViewIsOrderedInTheNewOne() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        group.submit(change.request(heavy: [0, 1], order: [2, 3, 0, 1]))
        for sequence in 1...6 { group.submit(Samples.operation(alice, session, UInt64(sequence), [UInt8(sequence)])) }
        group.settle()
        group.pass(milliseconds: 50)
        for place in 0..<4 {
            #expect(Set(group.executed(place)) == Set((1...6).map { [UInt8($0)] }))
            #expect(group.executed(place).count == 6)
            #expect(group.status(place).epoch == Epoch(view: ViewNumber(2), regency: .first))
        }
    }

    // MARK: What is refused

    @Test func aReconfigurationIsNotDoneTwice() throws {
        let group = try Group(n: 5, f: 1)
        let change = Change(group, by: admin)
        let first = change.request(heavy: [3, 4], order: [4, 3, 2, 1, 0])
        group.submit(first)
        group.settle()
        // The same words under another name, as somebody who has heard them might say them.
        let again = change.again(first)
        group.submit(again)
        group.settle()
        #expect(group.status(0).epoch.view == ViewNumber(2))
        // Should a leader propose it all the same: those who ask for it are given it, signed by its client.
        let proof = RequestProof(digests: [again.digest], signature: .absent)
        let forward = ForwardedRequest(request: again.request, isVouched: true, proof: proof)
        let epoch = Epoch(view: ViewNumber(2), regency: .first)
        let batch = Batch(
            instance: group.status(0).decided + 1, born: epoch, time: group.now.wall, entries: [Samples.entry(again)])
        for to in 0..<5 {
            group.inject(.forwarded([forward]), from: 4, to: to)
            group.inject(.propose(Propose(epoch: epoch, batch: batch)), from: 4, to: to)
        }
        group.settle()
        #expect(group.status(0).decided == batch.instance)
        #expect(group.status(0).epoch == epoch)
        let verdicts = group.nodes[0].executions.flatMap(\.steps).map(\.verdict)
        #expect(verdicts.last == .reconfigure(.refused("operation 1 was done before: the next one has the number 2")))
    }

    @Test func operationsForViewsThatHaveEndedTakeNoInstances() throws {
        let group = try Group(n: 5, f: 1)
        let change = Change(group, by: admin)
        let first = change.request(heavy: [3, 4], order: [4, 3, 2, 1, 0])
        group.submit(first)
        group.settle()
        group.submit(change.request(heavy: [0, 1], order: [0, 1, 2, 3, 4]))
        group.settle()
        let decided = group.status(0).decided
        let old = (0..<128).map { _ in change.again(first) }
        for request in old { group.submit(request) }
        let forwards = old.map { ForwardedRequest(request: $0.request, isVouched: true, proof: nil) }
        for from in [2, 3] { group.inject(.forwarded(forwards), from: from, to: 0) }
        group.settle()
        for place in 0..<5 {
            #expect(group.status(place).decided == decided)
            #expect(group.status(place).pendingRequests == 0)
            #expect(group.nodes[place].refusals.map(\.refusal.reason) == Array(repeating: .viewEnded, count: 128))
        }
        // What was done is told as done.
        for place in 0..<5 { group.nodes[place].refusals.removeAll() }
        group.submit(first)
        group.settle()
        #expect(group.nodes.allSatisfy { $0.refusals.isEmpty && $0.resends == [first.id] })
    }

    /// Of two that want the same view changed, one comes too late.
    @Test func whoeverWaitsForAViewThatEndsIsTold() throws {
        let group = try Group(n: 4, f: 1)
        let (change, other) = (Change(group, by: admin), Change(group, by: Samples.client(8)))
        let late = other.request(heavy: [0, 1], order: [1, 2, 3, 0])
        group.submit(change.request(heavy: [0, 1], order: [3, 2, 1, 0]))
        group.submit(late)
        group.settle()
        for place in 0..<4 {
            #expect(group.status(place).epoch.view == ViewNumber(2))
            #expect(group.status(place).pendingRequests == 0)
            #expect(group.nodes[place].refusals.map(\.refusal) == [Refusal(request: late.id, reason: .viewEnded)])
        }
    }

    @Test func aPlanThatCannotBeIsRefused() throws {
        let group = try Group(n: 5, f: 1)
        let change = Change(group, by: admin)
        var settings = group.view.settings
        settings.pipelineMax += 1
        let plans = [
            change.request(heavy: [3], order: [4, 3, 2, 1, 0]), change.request(heavy: [3, 9], order: [4, 3, 2, 1, 0]),
            change.request(heavy: [3, 4], order: [4, 3, 2, 1]),
            change.request(heavy: [3, 4], order: [4, 3, 2, 1, 0], settings: settings),
            change.request(heavy: [0, 1], order: [0, 1, 2, 3, 4]),
        ]
        for plan in plans {
            group.submit(plan)
            group.settle()
        }
        for place in 0..<5 {
            #expect(group.status(place).epoch.view == .genesis)
            let refusals = group.nodes[place].executions.flatMap(\.steps).filter {
                if case .reconfigure(.refused) = $0.verdict { true } else { false }
            }
            #expect(refusals.count == plans.count)
        }
    }

    // MARK: The barrier

    @Test func nobodyVotesBeyondAnInstanceThatMayEndTheView() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        let opened = group.status(0).decided
        // Nothing is decided for a while.
        group.passes = { if case .accept = $0.message { false } else { true } }
        group.submit(change.request(heavy: [0, 1], order: [2, 3, 0, 1]))
        group.settle()
        group.submit(Samples.operation(alice, session, 1, [1]))
        group.settle()
        let end = change.instance(in: group) ?? opened + 1
        let voted = group.record(1)
        // The leader may say what it likes.
        group.inject(
            .propose(
                Propose(
                    epoch: Epoch(view: .genesis, regency: .first),
                    batch: Batch(
                        instance: end + 1, born: Epoch(view: .genesis, regency: .first), time: group.now.wall,
                        entries: [Samples.entry(Samples.operation(alice, session, 1, [1]))]))), from: 0, to: 1)
        group.pass(milliseconds: 20)
        #expect(voted.votes.allSatisfy { $0.1 <= end })
        #expect(group.status(0).decided < end)
        group.passes = { _ in true }
        group.pass(milliseconds: 400)
        for place in 0..<4 {
            #expect(group.status(place).epoch.view == ViewNumber(2))
            #expect(group.executed(place) == [[1]])
        }
    }

    @Test func whatMayEndAViewIsNotVotedForBesideOtherRequests() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let session = group.openSession(alice)
        let operation = Samples.operation(alice, session, 1, [1])
        let request = change.request(heavy: [0, 1], order: [2, 3, 0, 1])
        // The leader gets them too late to propose them itself.
        group.submit(operation, to: [1, 2, 3])
        group.submit(request, to: [1, 2, 3])
        let next = group.status(1).decided + 1
        let epoch = Epoch(view: .genesis, regency: .first)
        let batch = Batch(
            instance: next, born: epoch, time: group.now.wall,
            entries: [Samples.entry(operation), Samples.entry(request)])
        let voted = group.record(1)
        group.inject(.propose(Propose(epoch: epoch, batch: batch)), from: 0, to: 1)
        group.settle()
        #expect(voted.votes.isEmpty)
    }

    /// Admission checks administrators' signatures of what is passed on, not of a batch's bodies: those are proof of nothing.
    @Test func anOperationThatOnlyTheLeaderHandsOutIsNotVotedFor() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        let request = change.request(heavy: [0, 1], order: [2, 3, 0, 1])
        let epoch = Epoch(view: .genesis, regency: .first)
        let batch = Batch(
            instance: group.status(1).decided + 1, born: epoch, time: group.now.wall, entries: [Samples.entry(request)])
        let voted = group.record(1)
        group.inject(.propose(Propose(epoch: epoch, batch: batch)), from: 0, to: 1)
        group.inject(.batchBody(BatchBody(batch: batch, bodies: [request.request])), from: 0, to: 1)
        group.settle()
        #expect(voted.votes.isEmpty)
        // Nothing else was wrong with it.
        for from in [2, 3] {
            let forward = ForwardedRequest(request: request.request, isVouched: true, proof: nil)
            group.inject(.forwarded([forward]), from: from, to: 1)
        }
        group.settle()
        #expect(voted.votes.contains { $0.2 == Samples.digest(of: batch) })
    }

    // MARK: What belongs to which view

    @Test func aVoteOfThisViewForAnInstanceOfTheLastOneCountsForNothing() throws {
        let group = try Group(n: 4, f: 1)
        let change = Change(group, by: admin)
        group.submit(change.request(heavy: [0, 1], order: [3, 2, 1, 0]))
        group.settle()
        let last = group.status(1).decided
        let held = group.nodes[1].core.held(.votesOfOneInstance)
        let epoch = Epoch(view: ViewNumber(2), regency: .first)
        let other = Digest(words: Words32(5, 5, 5, 5))
        group.nodes[1].notices.removeAll()
        for instance in [Instance(1), last] {
            group.inject(.write(WriteVote(epoch: epoch, instance: instance, digest: other)), from: 3, to: 1)
            group.inject(.accept(AcceptVote(epoch: epoch, instance: instance, digest: other)), from: 3, to: 1)
        }
        #expect(group.nodes[1].core.held(.votesOfOneInstance) == held)
        #expect(group.nodes[1].notices.isEmpty, "its votes of the view before are no contradiction")
    }

    /// The shares of a certificate are signatures of one statement, which names the view.
    @Test func checkpointVotesOfTwoViewsAreNotCountedTogether() throws {
        let first = try Samples.view()
        let second = try first.successor(
            ViewPlan(
                heavy: first.plan.heavy, leaderOrder: first.plan.leaderOrder.reversed(), settings: first.settings))
        let instance = Instance(UInt64(first.settings.checkpointPeriod))
        let digest = Digest(words: Words32(1, 2, 3, 4))
        var tally = CheckpointTally()
        let early = CheckpointVote(view: first.number, instance: instance, digest: digest)
        #expect(tally.add(early, from: ReplicaID(3), view: first) == nil)
        let vote = CheckpointVote(view: second.number, instance: instance, digest: digest)
        #expect(tally.add(vote, from: ReplicaID(0), view: second) == nil)
        #expect(tally.add(vote, from: ReplicaID(1), view: second) == nil)
        let certificate = tally.add(vote, from: ReplicaID(2), view: second)
        #expect(certificate?.shares.map(\.replica.rawValue) == [0, 1, 2])
    }
}
