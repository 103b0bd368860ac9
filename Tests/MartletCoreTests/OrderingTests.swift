// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("Normal case (protocol §5)")
struct OrderingTests {
    @Test("Requests are ordered alike everywhere", arguments: FaultModel.allCases, [1, 4, 16])
    func ordersAlike(model: FaultModel, window: Int) throws {
        let group = try Group(n: model == .byzantine ? 4 : 3, model: model, window: window)
        let client = Samples.client(1)
        let session = group.openSession(client)
        for sequence in 1...100 {
            group.submit(Samples.operation(client, session, UInt64(sequence), [UInt8(sequence)]))
            if sequence % 7 == 0 { group.settle() }
        }
        group.settle()
        group.pass(milliseconds: 50)
        for place in group.nodes.indices {
            #expect(group.executed(place).count == 100)
            #expect(group.executed(place) == group.executed(0))
            #expect(group.status(place).epoch.regency == .first)
        }
        #expect(Set(group.executed(0)).count == 100)
    }

    @Test("A single replica is a group")
    func single() throws {
        let group = try Group(n: 1, f: 0)
        let session = group.openSession(Samples.client(1))
        group.submit(Samples.operation(Samples.client(1), session, 1))
        group.settle()
        #expect(group.executed(0).count == 1)
    }

    @Test("Checkpoints become stable and are forgotten below")
    func checkpoints() throws {
        let group = try Group(checkpointPeriod: 8)
        let client = Samples.client(1)
        let session = group.openSession(client)
        for sequence in 1...40 {
            group.submit(Samples.operation(client, session, UInt64(sequence)))
            group.settle()
        }
        for place in group.nodes.indices { #expect(group.status(place).stableCheckpoint == Instance(40)) }
    }

    @Test("A replica that was away catches up by decisions, or by a checkpoint when they are gone", arguments: [5, 60])
    func catchesUp(missed: Int) throws {
        let group = try Group(checkpointPeriod: 16)
        let client = Samples.client(1)
        let session = group.openSession(client)
        group.passes = { $0.from != 3 && $0.to != 3 }
        for sequence in 1...missed {
            group.submit(Samples.operation(client, session, UInt64(sequence)), to: [0, 1, 2])
            group.settle()
        }
        group.passes = { _ in true }
        group.pass(milliseconds: 3_000)
        #expect(group.status(3).decided == group.status(0).decided)
        #expect(group.status(3).stableCheckpoint == group.status(0).stableCheckpoint)
        group.submit(Samples.operation(client, session, UInt64(missed + 1), [9, 9]))
        group.settle()
        #expect(group.executed(3).last == [9, 9])
    }

    @Test("A replica that lost its votes follows as a learner and does not vote")
    func learner() throws {
        let group = try Group(checkpointPeriod: 16)
        let client = Samples.client(1)
        let session = group.openSession(client)
        for sequence in 1...30 {
            group.submit(Samples.operation(client, session, UInt64(sequence)))
            group.settle()
        }
        // What it asks for is never heard.
        group.passes = { if $0.from == 2, case .operation = $0.message { false } else { true } }
        group.restart(2, mode: .learner)
        group.pass(milliseconds: 3_000)
        #expect(group.status(2).decided == group.status(0).decided)
        #expect(group.status(2).mode == .learner)
        var votes = 0
        group.rewrite = { parcel in
            switch parcel.message {
            case .write, .accept, .stop, .stopData, .checkpoint: if parcel.from == 2 { votes += 1 }
            default: break
            }
            return parcel.message
        }
        for sequence in 31...40 {
            group.submit(Samples.operation(client, session, UInt64(sequence)))
            group.settle()
        }
        group.pass(milliseconds: 500)
        #expect(votes == 0)
        #expect(group.status(2).decided == group.status(0).decided)
    }
}
