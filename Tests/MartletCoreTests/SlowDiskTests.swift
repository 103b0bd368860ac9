// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// A disk that hangs without an error, or is slower than the group (protocol §7): its replica goes so far ahead of it and no further,
/// keeps nobody else, and goes on when the disk does. K = 16, W = 4.
@Suite struct SlowDiskTests {
    private let client = Samples.client(1)
    /// Four records for each of K + W instances, and what one event adds.
    private let unwrittenMax = 4 * (16 + 4) + 16

    private func started(_ model: FaultModel, n: Int? = nil) throws -> (Group, SessionID) {
        let group = try Group.durable(n: n, model: model)
        let session = group.openSession(client)
        group.order(client, session, 1...3)
        return (group, session)
    }

    private func release(_ place: Int, in group: Group) {
        group.holdsSyncs = []
        group.sync(place)
        group.settle()
    }

    private func held(_ place: Int, _ group: Group) -> Int { group.nodes[place].core.held(.unwrittenRecords) }

    @Test(arguments: FaultModel.allCases) func itGoesAheadOfItsDiskAsFarAsItMay(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        group.holdsSyncs = [2]
        let (first, sent) = (group.status(2).decided, group.recordAll())
        for round in 0..<10 as Range<UInt64> {
            group.order(client, session, (4 + 10 * round)...(13 + 10 * round))
            group.pass(milliseconds: 300)
            #expect(held(2, group) == group.nodes[2].unsynced.count && held(2, group) <= unwrittenMax)
            #expect(group.nodes[2].gate.sendsHeld <= unwrittenMax)
            #expect(group.nodes[2].gate.ordersHeld <= 2 * unwrittenMax)
        }
        #expect(group.executed(0).count == 103 && group.executed(2).count == 3)
        #expect(group.status(2).decided >= first + 16 && group.status(2).decided <= first + 2 * (16 + 4))
        #expect(sent.stops(of: 2).isEmpty && group.status(0).epoch.regency == .first)
        #expect(group.nodes[2].notices.contains { if case .diskBehind = $0 { true } else { false } })
        release(2, in: group)
        group.pass(milliseconds: 3_000)
        #expect(group.executed(2).count + 16 > group.executed(0).count || group.status(2).stableCheckpoint > first)
        #expect(group.status(2).decided == group.status(0).decided && held(2, group) == 0)
        #expect(group.nodes[2].notices.contains(.diskKeptUp))
        group.order(client, session, 104...104)
        #expect(sent.accepts(of: 2).contains { $0.instance == group.status(0).decided })
        #expect(sent.stops(of: 2).isEmpty)
    }

    /// What it could not decide for want of its disk it blames nobody for, though its word alone would do in a `crash` group.
    @Test(arguments: FaultModel.allCases) func whatWaitedForItsDiskIsNobodysFault(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        group.holdsSyncs = [2]
        let sent = group.recordAll()
        group.order(client, session, 4...30)
        group.submit(Samples.operation(client, session, 31))
        group.pass(milliseconds: 10_000)
        release(2, in: group)
        group.submit(Samples.operation(client, session, 32))
        group.pass(milliseconds: 5_000)
        #expect(sent.stops(of: 2).isEmpty && group.status(0).epoch.regency == .first)
        #expect(group.status(2).decided == group.status(0).decided)
    }

    /// The others would have to wait twice as long, until a client's request is late.
    @Test(arguments: FaultModel.allCases) func leadingItGivesItsPlaceUp(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        group.holdsSyncs = [0]
        let sent = group.recordAll()
        for sequence in 4...60 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence))
            group.pass(milliseconds: 20)
        }
        group.pass(milliseconds: 4_000)
        #expect(sent.stops(of: 0).first?.reason == .abdication)
        #expect(group.status(1).epoch.regency == Regency(2) && group.executed(1).count == 60)
        release(0, in: group)
        group.pass(milliseconds: 3_000)
        #expect(group.status(0).epoch.regency == Regency(2) && group.status(0).decided == group.status(1).decided)
    }

    /// A pause as disks make them costs nobody anything.
    @Test func aShortPauseEndsNoRegency() throws {
        let (group, session) = try started(.byzantine)
        let sent = group.recordAll()
        for round in 0..<6 as Range<UInt64> {
            group.holdsSyncs = [Int(round % 4)]
            for sequence in (4 + 30 * round)...(33 + 30 * round) {
                group.submit(Samples.operation(client, session, sequence))
                group.pass(milliseconds: 2)
            }
            release(Int(round % 4), in: group)
            group.pass(milliseconds: 50)
        }
        group.pass(milliseconds: 1_000)
        #expect((0..<4).allSatisfy { sent.stops(of: $0).isEmpty && group.executed($0).count >= 183 - 32 })
        #expect((0..<4).allSatisfy { group.status($0).decided == group.status(0).decided })
    }

    /// What was not said yet for want of the disk is not said again and again.
    @Test(arguments: FaultModel.allCases) func whatWaitsIsNotRepeated(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        // Without this replica's votes nothing is decided.
        for place in 3..<group.nodes.count { group.nodes[place].isUp = false }
        if model == .crash { group.nodes[1].isUp = false }
        group.holdsSyncs = [2]
        group.submit(Samples.operation(client, session, 4))
        group.pass(milliseconds: 30_000)
        #expect(group.nodes[2].gate.sendsHeld < 20, "\(group.nodes[2].gate.sendsHeld)")
        #expect(held(2, group) < 20)
        release(2, in: group)
        group.pass(milliseconds: 15_000)
        #expect(group.executed(2).count == 4)
    }

    /// Regencies follow each other while a disk hangs: no more than one waits to be entered for good.
    @Test(arguments: FaultModel.allCases) func regenciesThatPassMeanwhileAreNotEnteredOneByOne(_ model: FaultModel)
        throws
    {
        let (group, session) = try started(model)
        group.holdsSyncs = [2]
        let sent = group.recordAll()
        for regency in 2...12 as ClosedRange<UInt64> {
            group.begin(regency: regency)
            group.pass(milliseconds: 100)
        }
        let entered = group.nodes[2].unsynced.count { if case .entered = $0 { true } else { false } }
        #expect(group.status(2).epoch.regency == Regency(2) && entered == 1 && held(2, group) < 20)
        #expect(sent.stopData(of: 2).isEmpty)
        release(2, in: group)
        group.pass(milliseconds: 2_000)
        #expect(group.status(2).epoch == group.status(0).epoch && group.status(2).isSynced)
        group.submit(Samples.operation(client, session, 4, [4]))
        group.pass(milliseconds: 4_000)
        #expect(group.executed(2).last == [4])
    }

    /// The snapshot may lie on a slower disk than the log, or take longer than K instances: L beyond the last one it waits for it.
    @Test func withoutASnapshotOfItsOwnItGoesAsFarAsOthersVote() throws {
        let (group, session) = try started(.byzantine)
        group.holdsSnapshots = [2]
        group.order(client, session, 4...100)
        group.pass(milliseconds: 1_000)
        #expect(group.executed(0).count == 100 && group.status(2).decided == Instance(36))
        #expect(group.heldSnapshots == [Instance(16), Instance(32)])
        group.holdsSnapshots = []
        for snapshot in group.heldSnapshots { group.takeSnapshot(snapshot, at: 2) }
        group.pass(milliseconds: 3_000)
        #expect(group.status(2).decided == group.status(0).decided)
    }

    /// No other leader could do better: it costs nobody the lead.
    @Test func aGroupWhoseSnapshotsAreSlowChangesNoLeader() throws {
        let (group, session) = try started(.byzantine)
        group.holdsSnapshots = [0, 1, 2, 3]
        let sent = group.recordAll()
        group.order(client, session, 4...35)
        group.pass(milliseconds: 3_000)
        #expect((0..<4).allSatisfy { group.status($0).decided == Instance(36) && sent.stops(of: $0).isEmpty })
        group.holdsSnapshots = []
        for place in 0..<4 {
            for snapshot in [16, 32] as [UInt64] { group.takeSnapshot(Instance(snapshot), at: place) }
        }
        group.settle()
        group.order(client, session, 36...50)
        #expect((0..<4).allSatisfy { group.executed($0).count == 50 && sent.stops(of: $0).isEmpty })
    }

    /// Also across the end of a view, and a loss of power in the midst of it.
    @Test(arguments: FaultModel.allCases) func aViewThatEndsMeanwhileIsFollowed(_ model: FaultModel) throws {
        let (group, session) = try started(model, n: 5)
        group.holdsSyncs = [2]
        group.order(client, session, 4...40)
        let change = Change(group, by: Samples.client(9))
        group.submit(change.request(heavy: model == .crash ? [3] : [3, 4], order: [4, 3, 2, 1, 0]))
        group.pass(milliseconds: 500)
        group.order(client, session, 41...60)
        #expect(group.status(0).epoch.view == ViewNumber(2) && held(2, group) <= unwrittenMax)
        group.holdsSyncs = []
        group.loseAndRestorePower(2)
        group.pass(milliseconds: 4_000)
        #expect(group.status(2).epoch == group.status(0).epoch && group.status(2).decided == group.status(0).decided)
        #expect(group.status(2).mode == .voter)
    }
}
