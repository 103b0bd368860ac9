// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// What must be durable before a replica speaks (protocol §7), line by line: the disk of replica 2 stops just there.
@Suite struct WrittenFirstTests {
    private let client = Samples.client(1)
    private let place = 2

    private func started(_ model: FaultModel, tentative: Bool = false) throws -> (Group, SessionID) {
        let group = try Group.durable(n: 5, model: model) { $0.executesTentatively = tentative }
        let session = group.openSession(client)
        group.order(client, session, 1...3)
        return (group, session)
    }

    private func kinds(_ records: [LogRecord]) -> [String] {
        records.map { String(String(describing: $0).prefix { $0 != "(" }) }
    }

    private func hold(_ group: Group) { group.holdsSyncs = [place] }

    private func release(_ group: Group) {
        group.holdsSyncs = []
        group.sync(place)
        group.settle()
    }

    @Test(arguments: FaultModel.allCases) func beforeTheFirstVoteTheBatchWithAllBodiesAndTheVote(_ model: FaultModel)
        throws
    {
        let (group, session) = try started(model)
        let sent = group.recordAll()
        hold(group)
        group.submit(Samples.operation(client, session, 4, [4]))
        group.settle()
        #expect(sent.writes(of: place).isEmpty && sent.accepts(of: place).isEmpty)
        let records = group.nodes[place].unsynced
        let votes = model == .byzantine ? ["batch", "wrote", "accepted", "decided"] : ["batch", "accepted", "decided"]
        #expect(kinds(records) == votes)
        guard case .batch(let digest, let body) = records.first else { return }
        #expect(digest == Samples.digest(of: body.batch) && body.bodies.map { $0?.payload } == [[4]])
        release(group)
        #expect(sent.accepts(of: place).contains { $0.digest == digest })
        #expect(sent.writes(of: place).isEmpty == (model == .crash))
    }

    @Test(arguments: FaultModel.allCases) func beforeTheFirstVoteOfAViewTheViewAndItsRegency(_ model: FaultModel) throws
    {
        let (group, session) = try started(model)
        let change = Change(group, by: Samples.client(9))
        group.submit(change.request(heavy: model == .crash ? [3] : [3, 4], order: [4, 3, 2, 1, 0]))
        while group.status(place).decided < group.status(0).decided || group.status(0).epoch.view == .genesis {
            let parcel = group.queue.removeFirst()
            if case .install = parcel.message, parcel.to == place { hold(group) }
            group.inject(parcel.message, from: parcel.from, to: parcel.to)
        }
        let sent = group.recordAll()
        group.settle()
        group.submit(Samples.operation(client, session, 4, [4]))
        group.settle()
        #expect(group.status(place).epoch.view == ViewNumber(2))
        #expect(
            (sent.writes(of: place).map(\.epoch) + sent.accepts(of: place).map(\.epoch)).allSatisfy {
                $0.view == .genesis
            })
        let told = kinds(group.nodes[place].unsynced).filter { $0 == "view" || $0 == "entered" || $0 == "batch" }
        #expect(told.suffix(3) == ["view", "entered", "batch"])
        release(group)
        #expect(sent.accepts(of: place).contains { $0.epoch.view == ViewNumber(2) })
    }

    @Test(arguments: FaultModel.allCases) func beforeStopDataTheRegency(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        hold(group)
        let sent = group.recordAll()
        group.begin(regency: 2)
        group.settle()
        group.pass(milliseconds: 300)
        #expect(group.status(place).epoch.regency == Regency(2))
        #expect(sent.stopData(of: place).isEmpty)
        let said = sent.messages[place].contains {
            if case .progress(let it) = $0 { it.epoch.regency > .first } else { false }
        }
        #expect(!said, "it does not even say that it is there")
        release(group)
        group.loseAndRestorePower(place)
        #expect(group.status(place).epoch.regency == Regency(2))
        // Whatever the first leader says now.
        sent.forget()
        let late = Batch(
            instance: group.status(place).decided.next, born: Epoch(view: .genesis, regency: .first),
            time: group.now.wall, entries: [Samples.entry(Samples.operation(client, session, 4, [4]))])
        group.submit(Samples.operation(client, session, 4, [4]), to: [place])
        group.inject(.propose(Propose(epoch: late.born, batch: late)), from: 0, to: place)
        group.settle()
        #expect(sent.writes(of: place).allSatisfy { $0.epoch.regency == Regency(2) })
        #expect(sent.accepts(of: place).allSatisfy { $0.epoch.regency == Regency(2) })
    }

    @Test(arguments: FaultModel.allCases) func beforeTheFirstVoteAfterSyncItsOutcome(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        let sent = group.recordAll()
        group.begin(regency: 2)
        while !group.status(place).isSynced || group.status(place).epoch.regency == .first {
            let parcel = group.queue.removeFirst()
            if case .sync = parcel.message, parcel.to == place { hold(group) }
            group.inject(parcel.message, from: parcel.from, to: parcel.to)
        }
        group.submit(Samples.operation(client, session, 4, [4]))
        group.settle()
        let told = kinds(group.nodes[place].unsynced)
        #expect(told.first == "synced" && told.contains("accepted"))
        let second = { (epoch: Epoch) in epoch.regency == Regency(2) }
        #expect(!sent.writes(of: place).map(\.epoch).contains(where: second))
        #expect(!sent.accepts(of: place).map(\.epoch).contains(where: second))
        release(group)
        #expect(sent.accepts(of: place).map(\.epoch).contains(where: second))
        group.loseAndRestorePower(place)
        #expect(group.status(place).isSynced && group.status(place).epoch.regency == Regency(2))
    }

    /// Decided by the others' ACCEPTs alone: then the decision has to be durable, with the batch.
    @Test(arguments: FaultModel.allCases) func beforeAReplyTheDecisionWithTheBatch(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        group.passes = { parcel in
            guard parcel.to == 2 else { return true }
            switch parcel.message {
            case .propose, .write: return false
            default: return true
            }
        }
        hold(group)
        group.submit(Samples.operation(client, session, 4, [4]))
        group.pass(milliseconds: 50)
        let told = kinds(group.nodes[place].unsynced)
        #expect(told.contains("batch") && told.contains("decided"))
        #expect(group.status(place).decided == group.status(0).decided)
        #expect(group.executed(place).count == 3)
        release(group)
        #expect(group.executed(place).last == [4])
    }

    @Test func beforeATentativeReplyTheAccept() throws {
        let (group, session) = try started(.byzantine, tentative: true)
        let before = group.nodes[place].tentative.count
        group.passes = { if case .accept = $0.message { false } else { true } }
        hold(group)
        group.submit(Samples.operation(client, session, 4, [4]))
        group.settle()
        #expect(group.nodes[0].tentative.count == before + 1)
        #expect(kinds(group.nodes[place].unsynced) == ["batch", "wrote", "accepted"])
        #expect(group.nodes[place].tentative.count == before)
        release(group)
        #expect(group.nodes[place].tentative.count == before + 1)
        // What it had answered it executes again, and reads nothing older.
        let last = try #require(group.nodes[place].tentative.last?.instance)
        group.loseAndRestorePower(place)
        #expect(group.nodes[place].tentative.last?.instance == last)
        #expect(group.nodes[place].holds.contains(last))
    }

    @Test(arguments: FaultModel.allCases) func whatWasNotDurableWasNotSaid(_ model: FaultModel) throws {
        let (group, session) = try started(model)
        hold(group)
        let sent = group.recordAll()
        group.submit(Samples.operation(client, session, 4, [4]))
        group.settle()
        let decided = group.nodes[place].executions.last?.instance
        group.holdsSyncs = []
        group.loseAndRestorePower(place)
        #expect(group.status(place).decided == decided)
        #expect(sent.accepts(of: place).isEmpty)
        group.pass(milliseconds: 3_000)
        #expect(group.executed(place).last == [4])
    }
}
