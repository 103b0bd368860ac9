// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@Suite struct ReplicaSetTests {
    /// A random walk beside Swift's own set.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func behavesLikeASet(_ seed: UInt64) {
        var generator = Generator(seed: seed)
        var own = ReplicaSet()
        var model = Set<Int>()
        for _ in 0..<500 {
            let member = Int.random(in: 0..<ReplicaSet.membersMax, using: &generator)
            if Bool.random(using: &generator) {
                #expect(own.insert(ReplicaIndex(member)) == model.insert(member).inserted)
            } else {
                own.remove(ReplicaIndex(member))
                model.remove(member)
            }
            #expect(own.contains(ReplicaIndex(member)) == model.contains(member))
            #expect(own.count == model.count)
            #expect(own.isEmpty == model.isEmpty)
        }
        #expect(own.map(\.position) == model.sorted())
        #expect(own == ReplicaSet(positions: Array(model)))
    }

    @Test func bothHalvesAndTheirEdgesHoldMembers() {
        let edges = [0, 1, 62, 63, 64, 65, 126, 127]
        #expect(ReplicaSet(positions: edges.reversed()).map(\.position) == edges)
        #expect(ReplicaSet(positions: Array(0..<128)).count == 128)
    }

    @Test func noMemberLiesBeyondTheMost() async {
        await #expect(processExitsWith: .failure) {
            var set = ReplicaSet()
            set.insert(ReplicaIndex(128))
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func aTableTellsWhatEnoughMembersReach(_ seed: UInt64) {
        var generator = Generator(seed: seed)
        let count = Int.random(in: 1...10, using: &generator)
        var table = ReplicaTable(repeating: 0, count: count)
        for place in table.indices { table[ReplicaIndex(place)] = Int.random(in: 0...5, using: &generator) }
        for enough in 1...count {
            let reached = table.reached(byAtLeast: enough)
            #expect(table.all.count { $0 >= reached } >= enough)
            #expect(table.all.count { $0 > reached } < enough)
        }
    }

    /// Copied for each change, a list of thousands for each member made every word of another replica cost thousands.
    @Test func aTableIsChangedInPlace() {
        var table = ReplicaTable(repeating: SharedValue(), count: 2)
        table[ReplicaIndex(1)] = SharedValue()
        table[ReplicaIndex(1)].change()
        #expect(table[ReplicaIndex(1)].copies == 0)
    }
}

/// Copied, as a list is, when it is changed and something else refers to it too.
private struct SharedValue {
    private final class Content {}

    private var content = Content()
    private(set) var copies = 0

    mutating func change() {
        guard !isKnownUniquelyReferenced(&content) else { return }
        content = Content()
        copies += 1
    }
}
