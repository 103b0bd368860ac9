// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// A restarted replica never sends PROPOSE or SYNC in an epoch that it had entered before (protocol §7).
@Suite struct RestartedLeaderTests {
    private let client = Samples.client(1)
    private static let second = Epoch(view: .genesis, regency: Regency(2))

    @Test(arguments: FaultModel.allCases) func makesNoSyncInARegencyThatItHadEntered(_ model: FaultModel) throws {
        let group = try Group.durable(model: model)
        let session = group.openSession(client)
        group.order(client, session, 1...3)
        group.begin(regency: 2)
        // It has collected what the others tell; what it makes of that reaches nobody, itself included.
        while !group.underWay(from: 1).contains(where: { if case .sync = $0 { true } else { false } }) {
            let parcel = group.queue.removeFirst()
            group.inject(parcel.message, from: parcel.from, to: parcel.to)
        }
        group.queue.removeAll()
        let sent = group.recordAll()
        group.loseAndRestorePower(1)
        #expect(group.status(1).epoch == Self.second && !group.status(1).isSynced)
        group.pass(milliseconds: 150)
        #expect(!sent.stopData(of: 2).isEmpty)
        #expect(sent.syncs(of: 1).allSatisfy { $0.epoch != Self.second })
        #expect(sent.stops(of: 1).contains { $0.regency == Regency(3) })
        group.submit(Samples.operation(client, session, 4, [4]))
        group.pass(milliseconds: 3_000)
        for place in group.nodes.indices { #expect(group.executed(place).last == [4]) }
    }

    /// The others have its SYNC and tell it, as they tell everyone who lacks one.
    @Test(arguments: FaultModel.allCases) func proposesNothingAfterASyncThatItHadMade(_ model: FaultModel) throws {
        let group = try Group.durable(model: model)
        let session = group.openSession(client)
        group.order(client, session, 1...3)
        group.begin(regency: 2)
        // It takes in its own SYNC and proposes, and loses power before that is written down.
        while group.status(1).epoch != Self.second || !group.status(1).isSynced {
            let parcel = group.queue.removeFirst()
            if case .sync = parcel.message, parcel.to == 1 { group.holdsSyncs = [1] }
            group.inject(parcel.message, from: parcel.from, to: parcel.to)
        }
        let sent = group.recordAll()
        group.submit(Samples.operation(client, session, 4, [4]))
        #expect(sent.proposals(of: 1).contains { $0.epoch == Self.second })
        group.passes = { if case .propose = $0.message { false } else { true } }
        group.settle()
        sent.forget()
        group.holdsSyncs = []
        group.loseAndRestorePower(1)
        #expect(!group.status(1).isSynced)
        group.submit(Samples.operation(client, session, 4, [5]), to: [1])
        group.pass(milliseconds: 190)
        #expect(sent.proposals(of: 1).allSatisfy { $0.epoch != Self.second })
    }

    @Test(arguments: FaultModel.allCases) func proposesNothingWhereItHadTakenTheSync(_ model: FaultModel) throws {
        let group = try Group.durable(model: model)
        let session = group.openSession(client)
        group.order(client, session, 1...3)
        group.begin(regency: 2)
        group.settle()
        #expect(group.status(1).isSynced && group.status(1).epoch == Self.second)
        group.loseAndRestorePower(1)
        #expect(group.status(1).isSynced && group.status(1).epoch == Self.second)
        let sent = group.recordAll()
        group.submit(Samples.operation(client, session, 4, [4]))
        group.pass(milliseconds: 3_000)
        #expect(sent.proposals(of: 1).allSatisfy { $0.epoch != Self.second })
        for place in group.nodes.indices { #expect(group.executed(place).last == [4]) }
    }

    @Test(arguments: FaultModel.allCases) func proposesNothingInAViewThatItHadBegunToLead(_ model: FaultModel) throws {
        let group = try Group.durable(n: 5, model: model)
        let change = Change(group, by: Samples.client(9))
        let session = group.openSession(client)
        group.submit(change.request(heavy: model == .crash ? [4] : [3, 4], order: [4, 3, 2, 1, 0]))
        group.settle()
        #expect(group.status(0).leader == ReplicaID(4))
        group.loseAndRestorePower(4)
        let sent = group.recordAll()
        group.submit(Samples.operation(client, session, 4, [4]))
        group.pass(milliseconds: 3_000)
        #expect(sent.proposals(of: 4).allSatisfy { $0.epoch.view != ViewNumber(2) || $0.epoch.regency > .first })
        for place in group.nodes.indices { #expect(group.executed(place).last == [4]) }
    }

    /// What leads the others must not keep it waiting when there are none.
    @Test func aGroupOfOneGoesOnAtOnce() throws {
        let group = try Group.durable(n: 1)
        let session = group.openSession(client)
        group.order(client, session, 1...20)
        group.loseAndRestorePower(0)
        let sent = group.recordAll()
        group.settle()
        group.order(client, session, 21...25)
        #expect(group.executed(0).count == 20 - 16 + 1 + 5)
        #expect(sent.proposals(of: 0).allSatisfy { $0.epoch.regency > .first })
    }
}
