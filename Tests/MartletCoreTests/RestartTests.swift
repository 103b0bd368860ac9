// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// Replicas of a durable group go on from what they have written down (protocol §7), with no client that sends again.
@Suite struct RestartTests {
    private let client = Samples.client(1)

    /// Everybody has locked the next instance, and nobody has heard it of the others.
    private func locked(_ model: FaultModel, tentative: Bool = false) throws -> (Group, Instance, Digest) {
        let group = try Group.durable(model: model) { $0.executesTentatively = tentative }
        let session = group.openSession(client)
        group.order(client, session, 1...3)
        // It is gone from here on.
        group.neverSigning = [client]
        let sent = group.recordAll()
        group.passes = { if case .accept = $0.message { false } else { true } }
        group.submit(Samples.operation(client, session, 4, [4]))
        group.settle()
        let vote = try #require(sent.accepts(of: 2).last)
        #expect(group.status(2).decided == vote.instance.previous)
        group.passes = { _ in true }
        return (group, vote.instance, vote.digest)
    }

    private func digest(of instance: Instance, at place: Int, in group: Group) -> Digest? {
        group.nodes[place].executions.last { $0.instance == instance }?.digest
    }

    @Test(arguments: FaultModel.allCases) func openVotesAreSentAgainAtOnce(_ model: FaultModel) throws {
        let (group, instance, digest) = try locked(model)
        group.loseAndRestorePowerOfAll()
        group.settle()
        for place in group.nodes.indices { #expect(self.digest(of: instance, at: place, in: group) == digest) }
    }

    /// Another value may have been decided nowhere, so this one is; the first leader never comes back.
    @Test(arguments: FaultModel.allCases) func aLockOutlivesTheLossOfAllPowerAndALeader(_ model: FaultModel) throws {
        let (group, instance, digest) = try locked(model)
        group.loseAndRestorePowerOfAll()
        group.nodes[0].isUp = false
        // What they say again is lost with their leader's.
        group.queue.removeAll()
        group.passes = { if case .accept(let vote) = $0.message { vote.epoch.regency > .first } else { true } }
        group.pass(milliseconds: 4_000)
        for place in group.nodes.indices.dropFirst() {
            #expect(group.status(place).epoch.regency > .first)
            #expect(self.digest(of: instance, at: place, in: group) == digest)
        }
    }

    /// The leader after it proposes nothing once it has its SYNC: no request waits anywhere that would end its regency, and
    /// nothing was executed that it would have to be measured by.
    @Test func whatIsBoundIsAwaitedInTheNextRegencyToo() throws {
        let group = try Group.durable()
        group.neverSigning = [client]
        let sent = group.recordAll()
        group.passes = { if case .accept = $0.message { false } else { true } }
        group.submit(Samples.open(client))
        group.settle()
        let vote = try #require(sent.accepts(of: 2).last)
        group.loseAndRestorePowerOfAll()
        group.queue.removeAll()
        group.passes = { parcel in
            switch parcel.message {
            case .accept(let vote): vote.epoch.regency > .first
            case .propose: parcel.from != 1
            default: true
            }
        }
        group.pass(milliseconds: 6_000)
        for place in [0, 2, 3] {
            #expect(group.status(place).epoch.regency > Regency(2))
            #expect(self.digest(of: vote.instance, at: place, in: group) == vote.digest)
        }
    }

    @Test func onlyWritesAreOpenAndTheGroupGoesOn() throws {
        let group = try Group.durable()
        let session = group.openSession(client)
        group.order(client, session, 1...3)
        group.passes = { if case .write = $0.message { false } else { true } }
        group.submit(Samples.operation(client, session, 4, [4]))
        group.settle()
        group.passes = { _ in true }
        group.loseAndRestorePowerOfAll()
        group.settle()
        for place in group.nodes.indices { #expect(group.executed(place).last == [4]) }
    }

    /// Each of them promised, and told what it had voted for; it tells the same again.
    @Test(arguments: FaultModel.allCases) func stopDataIsMadeAgainFromTheSameVotes(_ model: FaultModel) throws {
        let (group, instance, digest) = try locked(model)
        let sent = group.recordAll()
        group.passes = { if case .sync = $0.message { false } else { $0.to != 1 } }
        group.begin(regency: 2)
        group.settle()
        let before = try #require(sent.stopData(of: 2).last)
        #expect(before.claims.last?.instance == instance && before.claims.last?.lock?.digest == digest)
        group.queue.removeAll()
        sent.forget()
        group.loseAndRestorePower(2)
        group.pass(milliseconds: 110)
        let after = try #require(sent.stopData(of: 2).last)
        #expect(after.epoch == before.epoch)
        for claim in before.claims { #expect(after.claims.contains(claim)) }
        #expect(sent.accepts(of: 2).isEmpty && sent.writes(of: 2).isEmpty)
    }

    /// Its own snapshots came late, so that it begins far back: what it tells of must not be more than anybody believes.
    @Test(arguments: FaultModel.allCases) func stopDataIsMadeOnlyWhenItHasGotAsFarAgain(_ model: FaultModel) throws {
        let group = try Group.durable(model: model)
        let session = group.openSession(client)
        group.order(client, session, 1...70)
        group.passes = { if case .sync = $0.message { false } else { $0.to != 1 } }
        group.begin(regency: 2)
        group.settle()
        group.nodes[2].sessions = [:]
        group.loseAndRestorePower(2)
        let sent = group.recordAll()
        group.pass(milliseconds: 110)
        let told = try #require(sent.stopData(of: 2).last)
        #expect(told.epoch.regency == Regency(2) && told.checkpoint?.instance == group.status(0).stableCheckpoint)
        #expect(told.claims.count <= group.view.settings.window + 1)
    }

    @Test(arguments: FaultModel.allCases) func readsAreHeldUntilWhatWasAcceptedIsExecuted(_ model: FaultModel) throws {
        let (group, instance, _) = try locked(model)
        group.loseAndRestorePower(2)
        #expect(group.nodes[2].holds.max() == instance)
        #expect(group.nodes[2].executions.last?.instance == instance.previous)
    }

    @Test func whatWasAnsweredTentativelyIsAnsweredAgain() throws {
        let (group, instance, digest) = try locked(.byzantine, tentative: true)
        group.loseAndRestorePowerOfAll()
        for place in group.nodes.indices { #expect(group.nodes[place].tentative.last?.digest == digest) }
        group.settle()
        for place in group.nodes.indices {
            #expect(self.digest(of: instance, at: place, in: group) == digest)
            #expect(group.nodes[place].rollbacks.isEmpty)
        }
    }

    @Test(arguments: FaultModel.allCases) func aStateThatWasTakenOverIsGoneOnFrom(_ model: FaultModel) throws {
        let group = try Group.durable(n: model == .crash ? 3 : 4, model: model)
        let session = group.openSession(client)
        group.order(client, session, 1...3)
        let last = group.nodes.count - 1
        group.nodes[last].isUp = false
        group.order(client, session, 4...60)
        group.nodes[last].isUp = true
        group.pass(milliseconds: 3_000)
        #expect(group.status(last).decided == group.status(0).decided)
        let stable = group.status(last).stableCheckpoint
        #expect(stable >= Instance(48))
        group.loseAndRestorePower(last)
        #expect(group.status(last).decided == group.status(0).decided)
        #expect(group.nodes[last].executions.first?.instance ?? stable.next == stable.next)
        for place in 1..<last { group.loseAndRestorePower(place) }
        group.order(client, session, 61...64)
        group.pass(milliseconds: 1_000)
        #expect(group.executed(last).suffix(4) == group.executed(0).suffix(4))
        #expect(group.status(last).mode == .voter)
    }

    @Test(arguments: FaultModel.allCases) func oneAfterTheOtherManyTimes(_ model: FaultModel) throws {
        let group = try Group.durable(model: model)
        let session = group.openSession(client)
        for round in 0..<24 as Range<UInt64> {
            group.submit(Samples.operation(client, session, round + 1, [UInt8(round)]))
            for _ in 0..<(3 * round) where !group.queue.isEmpty {
                let parcel = group.queue.removeFirst()
                group.inject(parcel.message, from: parcel.from, to: parcel.to)
            }
            group.loseAndRestorePower(Int(round) % group.nodes.count)
            group.pass(milliseconds: 1_500)
        }
        for place in group.nodes.indices {
            #expect(group.executed(place).last == [23])
            #expect(group.status(place).decided == group.status(0).decided)
        }
    }
}
