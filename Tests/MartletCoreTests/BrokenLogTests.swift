// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// A replica whose log cannot be written (protocol §7) votes for nothing and decides nothing, and blames nobody.
@Suite struct BrokenLogTests {
    private let client = Samples.client(1)

    private func started(_ model: FaultModel) throws -> (Group, SessionID) {
        let group = try Group.durable(model: model)
        let session = group.openSession(client)
        group.order(client, session, 1...3)
        return (group, session)
    }

    private func breakLog(of place: Int, in group: Group) {
        group.holdsSyncs = [place]
        group.step(place, .logBroken)
    }

    private func mendLog(of place: Int, in group: Group) {
        group.holdsSyncs = []
        group.step(place, .logMended)
    }

    @Test(arguments: FaultModel.allCases) func itNeitherVotesNorDecidesAndGoesOnWhenItIsMended(_ model: FaultModel)
        throws
    {
        let (group, session) = try started(model)
        let decided = group.status(2).decided
        breakLog(of: 2, in: group)
        let sent = group.recordAll()
        group.order(client, session, 4...9)
        // Nor does it fetch what it could not keep: all that it writes down would only pile up.
        group.pass(milliseconds: 5_000)
        #expect(group.executed(0).count == 9)
        #expect(group.status(2).decided == decided && group.nodes[2].unsynced.isEmpty)
        #expect(sent.writes(of: 2).isEmpty && sent.accepts(of: 2).isEmpty)
        mendLog(of: 2, in: group)
        group.pass(milliseconds: 2_000)
        #expect(group.executed(2).count == 9)
        group.order(client, session, 10...10)
        #expect(sent.accepts(of: 2).contains { $0.instance == group.status(2).decided })
        #expect(group.nodes[2].notices.contains(.logBroken) && group.nodes[2].notices.contains(.logMended))
    }

    /// In a `crash` group one member's word would end the regency, again and again.
    @Test(arguments: FaultModel.allCases) func itDoesNotBlameTheLeader(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        breakLog(of: 2, in: group)
        let sent = group.recordAll()
        for sequence in 4...5 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence))
            group.pass(milliseconds: 3_000)
        }
        #expect(sent.stops(of: 2).isEmpty)
        #expect(group.status(0).epoch.regency == .first && group.executed(0).count == 5)
    }

    @Test(arguments: FaultModel.allCases) func itDoesNotLead(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        breakLog(of: 0, in: group)
        group.submit(Samples.operation(client, session, 4, [4]))
        group.pass(milliseconds: 3_000)
        #expect(group.status(1).epoch.regency == Regency(2) && group.executed(1).last == [4])
        mendLog(of: 0, in: group)
        group.pass(milliseconds: 2_000)
        #expect(group.executed(0).last == [4])
    }

    /// Each failure cost the leader its place: where disks failed now and then, leaders followed each other faster than they could begin.
    @Test(arguments: FaultModel.allCases) func aPassingFailureCostsNoLeaderItsPlace(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        let sent = group.recordAll()
        for sequence in 4...8 as ClosedRange<UInt64> {
            breakLog(of: 0, in: group)
            group.submit(Samples.operation(client, session, sequence, [UInt8(sequence)]))
            group.pass(milliseconds: 20)
            mendLog(of: 0, in: group)
            group.pass(milliseconds: 100)
            #expect(group.executed(1).last == [UInt8(sequence)])
        }
        #expect(sent.stops(of: 0).isEmpty && group.status(1).epoch.regency == .first)
    }

    /// It comes to lead while it has been broken for long: at once it asks for another.
    @Test(arguments: FaultModel.allCases) func itDoesNotBeginToLead(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        breakLog(of: 1, in: group)
        group.pass(milliseconds: 5_000)
        let sent = group.recordAll()
        group.begin(regency: 2)
        group.settle()
        #expect(sent.stops(of: 1).contains { $0.regency == Regency(3) && $0.reason == .abdication })
        group.submit(Samples.operation(client, session, 4, [4]))
        group.pass(milliseconds: 4_000)
        #expect(group.executed(2).last == [4] && group.status(2).epoch.regency > Regency(2))
    }

    /// What waits for the disk is not said again and again, for hours.
    @Test func whatWaitsDoesNotPileUp() throws {
        let (group, _) = try started(.byzantine)
        breakLog(of: 2, in: group)
        group.begin(regency: 2)
        group.pass(milliseconds: 1_000)
        let sent = group.recordAll()
        group.pass(milliseconds: 20_000)
        mendLog(of: 2, in: group)
        #expect(sent.messages[2].count < 100)
    }
}
