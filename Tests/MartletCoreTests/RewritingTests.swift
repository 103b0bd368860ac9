// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// What the core writes down again when its log is damaged is all that a restart needs (protocol §7).
@Suite struct RewritingTests {
    private let client = Samples.client(1)

    /// Its log is what a segment's head restates, and what the core then writes again.
    private func replaceLog(of place: Int, in group: Group) throws {
        group.sync(place)
        let before = group.nodes[place].log
        group.step(place, .logDamaged(segment: 5))
        group.sync(place)
        let rewritten = group.nodes[place].log[before.count...]
        let head = before.filter { record in
            switch record {
            case .incarnation, .view, .entered, .synced: true
            case .batch, .wrote, .accepted, .decided, .stable: false
            }
        }
        group.nodes[place].log = head + rewritten
        #expect(isComplete(place, in: group))
    }

    /// By the rule that a restart goes by.
    private func isComplete(_ place: Int, in group: Group) -> Bool {
        let node = group.nodes[place]
        var restoration = Restoration()
        for record in node.log { restoration.add(record) }
        if let stable = restoration.newestStable({ node.sessions[$0.instance] != nil }) {
            restoration.begin(with: group.image(after: stable.instance), stable)
        }
        return restoration.isComplete
    }

    private func locked(_ model: FaultModel) throws -> (Group, Instance, Digest) {
        let group = try Group.durable(model: model) { $0.checkpointPeriod = 8 }
        let session = group.openSession(client)
        for number in 1...10 as ClosedRange<UInt64> {
            group.order(client, session, number...number)
            group.settle()
        }
        group.neverSigning = [client]
        let sent = group.recordAll()
        group.passes = { if case .accept = $0.message { false } else { true } }
        group.submit(Samples.operation(client, session, 11, [11]))
        group.settle()
        let vote = try #require(sent.accepts(of: 2).last)
        group.passes = { _ in true }
        return (group, vote.instance, vote.digest)
    }

    private func digest(of instance: Instance, at place: Int, in group: Group) -> Digest? {
        group.nodes[place].executions.last { $0.instance == instance }?.digest
    }

    @Test(arguments: FaultModel.allCases) func locksAndBatchesOutliveTheDamage(_ model: FaultModel) throws {
        let (group, instance, digest) = try locked(model)
        #expect(group.status(1).stableCheckpoint > .zero)
        for place in group.nodes.indices { try replaceLog(of: place, in: group) }
        group.loseAndRestorePowerOfAll()
        group.settle()
        for place in group.nodes.indices {
            #expect(self.digest(of: instance, at: place, in: group) == digest, "at \(place)")
            #expect(group.status(place).decided >= instance)
        }
    }

    @Test(arguments: FaultModel.allCases) func promisesOfALaterRegencyOutliveTheDamage(_ model: FaultModel) throws {
        let (group, instance, digest) = try locked(model)
        group.queue.removeAll()
        group.begin(regency: 2)
        group.settle()
        for place in group.nodes.indices { try replaceLog(of: place, in: group) }
        group.loseAndRestorePowerOfAll()
        group.pass(milliseconds: 4_000)
        for place in group.nodes.indices {
            #expect(group.status(place).epoch.regency >= Regency(2))
            #expect(self.digest(of: instance, at: place, in: group) == digest, "at \(place)")
        }
    }

    /// Once more is the same: nothing is said differently by what is told twice.
    @Test func whatIsWrittenTwiceIsToldOnce() throws {
        let (group, instance, digest) = try locked(.byzantine)
        for place in group.nodes.indices {
            group.sync(place)
            group.step(place, .logDamaged(segment: 5))
            group.step(place, .logDamaged(segment: 6))
            group.sync(place)
        }
        group.loseAndRestorePowerOfAll()
        group.settle()
        for place in group.nodes.indices { #expect(self.digest(of: instance, at: place, in: group) == digest) }
    }

    private func held(_ place: Int, _ group: Group) -> Int { group.nodes[place].core.held(.unwrittenRecords) }

    /// Each pass over a damaged log asks anew: what waits for a disk that hangs has a bound all the same, and no end but the disk's.
    @Test(arguments: FaultModel.allCases) func aDiskThatHangsIsNotGivenMoreThanOnce(_ model: FaultModel) throws {
        let group = try Group.durable(model: model)
        let session = group.openSession(client)
        group.order(client, session, 1...8)
        group.holdsSyncs = [2]
        group.step(2, .logDamaged(segment: 5))
        let once = held(2, group)
        // K = 16, W = 4.
        let most = 4 * (16 + 4) + once
        for segment in 6..<106 as Range<UInt64> { group.step(2, .logDamaged(segment: segment)) }
        #expect(once > 0 && held(2, group) >= 4 * (16 + 4) && held(2, group) < most)
        group.order(client, session, 9...60)
        group.pass(milliseconds: 2_000)
        #expect(group.executed(0).count == 60 && held(2, group) < most)
        group.holdsSyncs = []
        group.sync(2)
        group.settle()
        group.pass(milliseconds: 3_000)
        #expect(group.status(2).decided == group.status(0).decided && held(2, group) == 0)
        #expect(group.status(2).epoch.regency == .first && group.nodes[2].notices.contains(.diskKeptUp))
        group.holdsSyncs = [2]
        group.step(2, .logDamaged(segment: 106))
        #expect(held(2, group) > 0)
    }

    /// All at once, and the group waited for it.
    @Test func aWindowOfInstancesIsWrittenAtATime() throws {
        let group = try Group.durable { $0.checkpointPeriod = 64 }
        let session = group.openSession(client)
        group.order(client, session, 1...40)
        let decided = group.status(2).decided
        let before = group.nodes[2].log.count
        group.holdsSyncs = [2]
        group.step(2, .logDamaged(segment: 5))
        var (slices, most) = (0, 0)
        while group.nodes[2].core.rewriting != nil {
            slices += 1
            most = max(most, held(2, group))
            // Asked again meanwhile it goes on.
            group.step(2, .logDamaged(segment: 5))
            group.sync(2)
        }
        #expect(slices >= 8 && most <= 4 * 4)
        group.sync(2)
        let told = group.nodes[2].log[before...].compactMap { record in
            if case .decided(let it) = record { it.instance } else { nil }
        }
        #expect(told == (1...decided.rawValue).map { Instance($0) })
    }

    @Test func whereTheWindowBecomesAnotherItIsGivenUp() throws {
        let changes: [(inout ReplicaCore) throws -> Void] = [
            { $0.restoration = Restoration() }, { $0.wrongState = $0.checkpoints.stable },
            { $0.catchUp.installing = $0.checkpoints.stable },
            { $0.rewriting = Rewriting(segment: 5, view: ViewNumber(9), next: Instance(1)) },
        ]
        for change in changes {
            let (group, _, _) = try locked(.byzantine)
            group.nodes[1].core.rewriting = Rewriting(segment: 5, view: .genesis, next: Instance(1))
            try change(&group.nodes[1].core)
            var effects = Effects()
            group.nodes[1].core.goOnRewriting(into: &effects)
            #expect(effects.records.isEmpty && effects.logRewritten == nil)
            #expect(group.nodes[1].core.rewriting == nil)
        }
    }

    /// It knew of the view that follows, though not its end yet; votes beyond that were written down as that view's, and a restart took
    /// them for such.
    @Test(arguments: FaultModel.allCases) func votesStayOfTheViewThatTheyWereMadeIn(_ model: FaultModel) throws {
        let (group, instance, digest) = try locked(model)
        group.queue.removeAll()
        let vote = RegencyDigest(regency: .first, digest: digest)
        for number in [instance.next, instance.next.next] {
            group.nodes[1].core.window.extend(to: number)
            group.nodes[1].core.window[number].wrote = vote
            group.nodes[1].core.window[number].writeSet = [vote]
            group.nodes[1].core.window[number].accepted = vote
            group.nodes[1].core.window[number].lock = vote
        }
        let votes = group.nodes[1].core.window.all.filter { $0.number > instance && $0.lock != nil }
        #expect(votes.count == 2)
        let (view, plan) = (group.view, group.view.plan)
        let other = ViewPlan(
            heavy: plan.heavy, leaderOrder: plan.leaderOrder.reversed(), settings: plan.settings)
        let certificate = ViewCertificate(
            view: .genesis, last: instance, next: try view.successor(other), shares: [])
        group.inject(.views(ViewChainPart(certificates: [certificate])), from: 2, to: 1)
        #expect(group.nodes[1].core.views.newest.number == ViewNumber(2) && group.status(1).epoch.view == .genesis)
        try replaceLog(of: 1, in: group)
        var restoration = Restoration()
        for record in group.nodes[1].log { restoration.add(record) }
        #expect(restoration.facts(of: ViewNumber(2)).isEmpty)
        let facts = restoration.facts(of: .genesis)
        #expect(votes.allSatisfy { vote in facts.contains { $0.instance == vote.number && $0.accepted == vote.lock } })
    }

    /// It counted as written down, but the segment that held it was gone: a vote for it was durable, and the batch was not.
    @Test func aBatchThatWasNotHeldIsWrittenBeforeTheNextVoteForIt() throws {
        let (group, instance, digest) = try locked(.byzantine)
        let node = group.nodes[1].core.window[instance]
        let batch = try #require(node.batch(digest))
        #expect(node.logged == [digest])
        group.nodes[1].core.window[instance].batches = []
        group.step(1, .logDamaged(segment: 5))
        group.nodes[1].core.window[instance].add(batch)
        var effects = Effects()
        group.nodes[1].core.logBatch(digest, at: instance, into: &effects)
        #expect(effects.records.count == 1)
        group.nodes[1].core.logBatch(digest, at: instance, into: &effects)
        #expect(effects.records.count == 1)
    }

    /// Nothing that a restart needs is in the window yet.
    @Test func whoRestoresItselfOrWaitsForAStateWritesNothingAgain() throws {
        let (group, _, _) = try locked(.byzantine)
        let stable = try #require(group.nodes[1].core.checkpoints.stable)
        let changes: [(inout ReplicaCore, Bool) -> Void] = [
            { $0.restoration = $1 ? Restoration() : nil }, { $0.openVotesAfter = $1 ? Instance(100) : nil },
            { $0.catchUp.installing = $1 ? stable : nil }, { $0.wrongState = $1 ? stable : nil },
            { $0.isLogBroken = $1 },
        ]
        var effects = Effects()
        for change in changes {
            change(&group.nodes[1].core, true)
            group.nodes[1].core.rewriteLog(in: 5, into: &effects)
            #expect(effects.records.isEmpty && effects.logRewritten == nil)
            change(&group.nodes[1].core, false)
        }
        group.nodes[1].core.rewriteLog(in: 5, into: &effects)
        #expect(!effects.records.isEmpty && effects.logRewritten?.above == stable.instance)
    }

    @Test func nothingIsWrittenAgainWhereNothingIsWrittenDown() throws {
        let group = try Group()
        group.step(1, .logDamaged(segment: 5))
        #expect(group.nodes[1].log.isEmpty && group.nodes[1].unsynced.isEmpty)
    }
}
