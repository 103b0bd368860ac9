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
        for place in 0..<4 where place != missing { #expect(group.status(place).decided == Instance(1)) }
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
}
