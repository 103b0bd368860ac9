// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("Leader change (protocol §6)")
struct LeaderChangeTests {
    @Test("A dead leader is replaced and nothing is lost", arguments: FaultModel.allCases, [1, 4])
    func deadLeader(model: FaultModel, window: Int) throws {
        let group = try Group(n: model == .byzantine ? 4 : 3, model: model, window: window)
        let client = Samples.client(1)
        let session = group.openSession(client)
        for sequence in 1...10 { group.submit(Samples.operation(client, session, UInt64(sequence), [UInt8(sequence)])) }
        group.settle()
        group.nodes[0].isUp = false
        for sequence in 11...20 {
            group.submit(Samples.operation(client, session, UInt64(sequence), [UInt8(sequence)]))
        }
        group.pass(milliseconds: 1_500)
        for place in 1..<group.nodes.count {
            #expect(group.status(place).epoch.regency == Regency(2))
            #expect(group.executed(place).count == 20)
            #expect(group.executed(place) == group.executed(1))
        }
    }

    @Test("A group of four starts with one replica missing", arguments: [0, 1, 3])
    func startsWithOneMissing(missing: Int) throws {
        let group = try Group()
        group.nodes[missing].isUp = false
        group.submit(Samples.open(Samples.client(1)))
        group.pass(milliseconds: 2_000)
        for place in 0..<4 where place != missing {
            #expect(group.nodes[place].executions.flatMap(\.steps).count == 1)
        }
    }

    @Test("Several leaders in a row may be dead")
    func twoDeadLeaders() throws {
        let group = try Group(n: 7, f: 2)
        let session = group.openSession(Samples.client(1))
        group.nodes[0].isUp = false
        group.nodes[1].isUp = false
        group.submit(Samples.operation(Samples.client(1), session, 1))
        group.pass(milliseconds: 4_000)
        for place in 2..<7 { #expect(group.executed(place).count == 1) }
    }

    /// Seed 2978: each answer without bodies made the new leader ask again at once, for ever, in one instant.
    @Test(
        "A new leader that is behind takes a lock whose requests its owner has executed, and does not ask without end")
    func lockOfExecutedRequests() throws {
        let client = Samples.client(1)
        let group = try Group(window: 4, checkpointPeriod: 64)
        let session = group.openSession(client)
        let request = Samples.operation(client, session, 1, [1])
        group.passes = { $0.to != 1 }
        group.submit(request, to: [0, 2, 3])
        group.settle()
        #expect(group.status(1).decided == Instance(1))
        #expect(group.status(2).decided == Instance(2))
        // The leader, a liar from here on, proposes the executed request again; nobody gets as far as deciding that.
        group.nodes[0].isUp = false
        let epoch = Epoch(view: .genesis, regency: .first)
        let again = Batch(
            instance: Instance(3), born: epoch, time: group.now.wall,
            entries: [BatchEntry(id: request.id, digest: request.digest)])
        group.passes = { parcel in
            if case .accept = parcel.message { return false }
            return parcel.to != 1
        }
        let vote = WriteVote(epoch: epoch, instance: again.instance, digest: Samples.digest(of: again))
        for place in 2...3 {
            group.inject(.propose(Propose(epoch: epoch, batch: again)), from: 0, to: place)
            group.inject(.write(vote), from: 0, to: place)
        }
        group.settle()
        var fetches = 0
        group.passes = { parcel in
            switch parcel.message {
            case .fetchBatch where parcel.from == 1: fetches += 1
            case .write, .accept, .decided, .decisions: return parcel.to != 1 || fetches > 0
            default: break
            }
            return true
        }
        group.submit(Samples.operation(client, session, 2, [2]), to: [1, 2, 3])
        group.pass(milliseconds: 2_500)
        for place in 1...3 {
            #expect(group.status(place).epoch.regency == Regency(2))
            #expect(group.executed(place) == [[1], [2]])
        }
        #expect(fetches < 40)
    }

    /// Seed 2978 again: for one void request nobody was handed the bodies of the others, and the group stood still.
    @Test("A lock of void and other requests outlives the leader, its only other holder")
    func lockOfVoidAndOtherRequests() throws {
        let client = Samples.client(1)
        let group = try Group(n: 3, model: .crash, checkpointPeriod: 64)
        let session = group.openSession(client)
        let executed = Samples.operation(client, session, 1, [1])
        group.submit(executed)
        group.settle()
        let fresh = Samples.operation(client, session, 2, [2])
        group.submit(fresh, to: [2])
        group.nodes[0].isUp = false
        let batch = Batch(
            instance: Instance(3), born: Epoch(view: .genesis, regency: .first), time: group.now.wall,
            entries: [executed, fresh].map { BatchEntry(id: $0.id, digest: $0.digest) })
        group.inject(.propose(Propose(epoch: batch.born, batch: batch)), from: 0, to: 2)
        group.pass(milliseconds: 2_500)
        for place in 1...2 { #expect(group.executed(place) == [[1], [2]]) }
    }

    /// Seed 1746 of a trial: a replica whose patience was over fell silent, and the others lacked what only it had.
    @Test("A replica that asked for another leader goes on forwarding what waits")
    func forwardsAfterStop() throws {
        let group = try Group(checkpointPeriod: 64)
        let session = group.openSession(Samples.client(1))
        group.nodes[0].isUp = false
        // What one replica sends is lost until a while after it has asked for another leader.
        let repaired = group.now.monotonic + .milliseconds(500)
        group.passes = { $0.from != 3 || group.now.monotonic >= repaired }
        group.submit(Samples.operation(Samples.client(1), session, 1), to: [3])
        group.pass(milliseconds: 450)
        #expect(group.nodes[3].notices.contains(.stopSent(Regency(2), .requestTimeout)))
        group.pass(milliseconds: 3_000)
        for place in 1...3 { #expect(group.executed(place).count == 1) }
    }

    /// Nothing but STOPDATA tells the new leader how far the lock's owner is.
    @Test("A new leader takes over what one STOPDATA proves, and so the lock that rests on it")
    func baseProvenByOne() throws {
        let client = Samples.client(1)
        let group = try Group(n: 3, model: .crash, checkpointPeriod: 64)
        let session = group.openSession(client)
        let executed = Samples.operation(client, session, 1, [1])
        let fresh = Samples.operation(client, session, 2, [2])
        group.passes = { $0.to != 1 }
        group.submit(executed, to: [0, 2])
        group.settle()
        #expect([1, 2].map { group.status($0).decided } == [Instance(1), Instance(2)])
        group.submit(fresh, to: [2])
        group.nodes[0].isUp = false
        let batch = Batch(
            instance: Instance(3), born: Epoch(view: .genesis, regency: .first), time: group.now.wall,
            entries: [executed, fresh].map { BatchEntry(id: $0.id, digest: $0.digest) })
        group.inject(.propose(Propose(epoch: batch.born, batch: batch)), from: 0, to: 2)
        group.passes = { parcel in
            switch parcel.message {
            case .progress, .decided, .accept:
                parcel.to != 1 || group.status(1).epoch.regency == Regency(2) && group.status(1).isSynced
            default: true
            }
        }
        group.pass(milliseconds: 2_500)
        for place in 1...2 {
            #expect(group.status(place).epoch.regency == Regency(2))
            #expect(group.executed(place) == [[1], [2]])
        }
    }
}
