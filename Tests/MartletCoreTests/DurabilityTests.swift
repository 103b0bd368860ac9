// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// A durable group (protocol §7): what is written down before it is said, and going on from it.
@Suite struct DurabilityTests {
    private func ordered(_ count: UInt64, model: FaultModel = .byzantine) throws -> (Group, ClientID, SessionID) {
        let group = try Group(n: model == .crash ? 3 : 4, model: model, isDurable: true)
        let client = Samples.client(1)
        let session = group.openSession(client)
        group.order(client, session, 1...count)
        return (group, client, session)
    }

    @Test(arguments: [FaultModel.byzantine, .crash]) func aGroupOrdersAsEver(_ model: FaultModel) throws {
        let (group, _, _) = try ordered(40, model: model)
        for place in group.nodes.indices {
            #expect(group.executed(place).count == 40)
            #expect(group.status(place).stableCheckpoint == Instance(32))
        }
    }

    @Test func nothingIsWrittenDownInAMemoryGroup() throws {
        let group = try Group()
        let client = Samples.client(1)
        group.order(client, group.openSession(client), 1...20)
        #expect(group.nodes.allSatisfy { $0.log.isEmpty })
    }

    @Test(arguments: [FaultModel.byzantine, .crash]) func noVoteLeavesBeforeItIsDurable(_ model: FaultModel) throws {
        let (group, client, session) = try ordered(3, model: model)
        let sent = group.record(2)
        group.holdsSyncs = [2]
        group.order(client, session, 4...6)
        #expect(sent.votes.isEmpty)
        // The others do without it.
        #expect(group.executed(0).count == 6)
        // Decided, but not told anybody.
        #expect(group.status(2).decided > group.nodes[2].executions.last?.instance ?? .zero)
        #expect(group.executed(2).count == 3)
        group.holdsSyncs = []
        group.sync(2)
        group.settle()
        #expect(group.executed(2).count == 6)
    }

    @Test(arguments: [FaultModel.byzantine, .crash]) func allLosePowerAtOnceAndGoOn(_ model: FaultModel) throws {
        let (group, client, session) = try ordered(40, model: model)
        let before = group.executed(0)
        for place in group.nodes.indices { group.loseAndRestorePower(place) }
        group.pass(milliseconds: 3_000)
        group.order(client, session, 41...45)
        group.pass(milliseconds: 3_000)
        for place in group.nodes.indices {
            #expect(group.status(place).mode == .voter)
            // What lies after the checkpoint is executed again, the same.
            #expect(group.executed(place).suffix(5) == group.executed(0).suffix(5))
            #expect(group.executed(place).count >= 5 + 8)
            #expect(before.suffix(8) == group.executed(place).dropLast(5).suffix(8))
        }
    }

    /// It voted for a batch in a leader's first regency, and has forgotten nothing of it.
    @Test func whoRestartsVotesForNothingElse() throws {
        let (group, client, session) = try ordered(3)
        group.passes = { parcel in
            if case .accept = parcel.message { return false }
            return true
        }
        group.submit(Samples.operation(client, session, 4))
        group.settle()
        let record = group.record(3)
        group.loseAndRestorePower(3)
        group.settle()
        let votes = record.votes
        #expect(!votes.isEmpty)
        #expect(Set(votes.map(\.2)).count == 1)
        #expect(group.status(3).mode == .voter)
        group.passes = { _ in true }
        group.pass(milliseconds: 3_000)
        #expect(group.executed(0).count == 4)
        #expect(group.executed(3).last == group.executed(0).last)
    }

    @Test func whoLedBeforeItRestartedDoesNotLeadThatRegencyAgain() throws {
        let (group, client, session) = try ordered(3)
        let record = group.record(0)
        group.loseAndRestorePower(0)
        group.submit(Samples.operation(client, session, 4))
        group.pass(milliseconds: 3_000)
        let proposals = record.messages.filter {
            if case .propose(let it) = $0 { it.epoch.regency == .first } else { false }
        }
        #expect(proposals.isEmpty)
        #expect(group.executed(1).count == 4)
        #expect(group.status(1).epoch.regency > .first)
    }
}
