// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MartletKV

typealias IntMap = PersistentOrderedMap<Int, Int>

/// Order, depth, load and separators of the whole tree.
func checkInvariants(_ map: IntMap) {
    var leafDepths: Set<Int> = []
    var entries = 0
    func check(_ node: MapNode<Int, Int>, depth: Int, above low: Int?, below high: Int?) {
        #expect(node.keys == node.keys.sorted() && Set(node.keys).count == node.keys.count)
        #expect(node.keys.allSatisfy { key in (low.map { key >= $0 } ?? true) && (high.map { key < $0 } ?? true) })
        #expect(node.load <= MapNode<Int, Int>.capacity)
        #expect(depth == 0 || node.load >= MapNode<Int, Int>.minimum)
        if node.isLeaf {
            #expect(node.values.count == node.keys.count)
            leafDepths.insert(depth)
            entries += node.keys.count
        } else {
            #expect(node.children.count == node.keys.count + 1 && node.children.count > 1 && node.values.isEmpty)
            for (place, child) in node.children.enumerated() {
                check(
                    child, depth: depth + 1, above: place == 0 ? low : node.keys[place - 1],
                    below: place == node.keys.count ? high : node.keys[place])
            }
        }
    }
    check(map.root, depth: 0, above: nil, below: nil)
    #expect(leafDepths.count == 1)
    #expect(entries == map.count)
}

/// What the map must be: pairs in a sorted array.
struct SortedArrayTwin: Equatable {
    var keys: [Int] = []
    var values: [Int] = []

    mutating func set(_ key: Int, to value: Int?) {
        let place = keys.firstIndex { $0 >= key } ?? keys.count
        let isThere = place < keys.count && keys[place] == key
        switch (value, isThere) {
        case (let value?, true): values[place] = value
        case (let value?, false):
            keys.insert(key, at: place)
            values.insert(value, at: place)
        case (nil, true):
            keys.remove(at: place)
            values.remove(at: place)
        case (nil, false): break
        }
    }

    func isEqual(to map: IntMap) -> Bool { map.map(\.key) == keys && map.map(\.value) == values }
}

@Suite struct PersistentOrderedMapTests {
    @Test(arguments: 1...6)
    func agreesWithASortedArrayWhileManySnapshotsStayUnchanged(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        // From maps of one leaf to maps of four levels' worth of churn.
        let keyBound = [10, 60, 400, 2_000, 6_000, 12_000][seed - 1]
        var map = IntMap()
        var twin = SortedArrayTwin()
        var snapshots: [(map: IntMap, twin: SortedArrayTwin)] = []
        for step in 0..<12_000 {
            // Phases of growth and of shrinking, so that nodes split and join.
            let removes = (step / 3_000) % 2 == 0 ? 3 : 7
            let key = Int.random(in: 0..<keyBound, using: &generator)
            if generator.chance(removes, in: 10) {
                map[key] = nil
                twin.set(key, to: nil)
            } else {
                map[key] = step
                twin.set(key, to: step)
            }
            if generator.chance(1, in: 400) { snapshots.append((map, twin)) }
            if generator.chance(1, in: 500) { checkInvariants(map) }
            if snapshots.count > 12 { snapshots.remove(at: Int.random(in: 0..<12, using: &generator)) }
        }
        #expect(twin.isEqual(to: map))
        for snapshot in snapshots {
            checkInvariants(snapshot.map)
            #expect(snapshot.twin.isEqual(to: snapshot.map))
        }
    }

    @Test func givesWhatItReplacedAndRemoved() {
        var map = IntMap()
        #expect(map.isEmpty && map[1] == nil && map.removeValue(forKey: 1) == nil)
        #expect(map.updateValue(10, forKey: 1) == nil)
        #expect(map.updateValue(11, forKey: 1) == 10)
        #expect(map.count == 1 && map[1] == 11)
        #expect(map.removeValue(forKey: 1) == 11)
        #expect(map.isEmpty && map.map(\.key) == [])
    }

    @Test(arguments: [0, 1, 31, 32, 33, 64, 65, 1_000, 1_024, 1_025, 40_000])
    func buildsFromAscendingKeys(count: Int) {
        let keys = (0..<count).map { $0 * 3 }
        var map = IntMap(ascending: keys, values: keys.map { $0 + 1 })
        checkInvariants(map)
        #expect(map.map(\.key) == keys && map.map(\.value) == keys.map { $0 + 1 })
        for key in keys.reversed() { #expect(map.removeValue(forKey: key) == key + 1) }
        checkInvariants(map)
        #expect(map.isEmpty)
    }

    @Test func emptiesInEitherDirection() {
        for isAscending in [true, false] {
            var map = IntMap()
            for key in 0..<3_000 { map[key] = key }
            for step in 0..<3_000 {
                map[isAscending ? step : 2_999 - step] = nil
                if step % 250 == 0 { checkInvariants(map) }
            }
            #expect(map.isEmpty)
        }
    }

    @Test func walksFromAnyKey() {
        var map = IntMap()
        for key in stride(from: 0, to: 2_000, by: 2) { map[key] = key }
        for start in -1...2_001 {
            var walk = map.makeIterator(from: start)
            let expected = max(0, start + (start & 1))
            #expect(walk.next()?.key == (expected < 2_000 ? expected : nil))
        }
    }

    @Test func aWalkSeesTheMapAsItWasWhenItBegan() {
        var map = IntMap(ascending: Array(0..<500), values: Array(0..<500))
        var seen: [Int] = []
        for (key, _) in map {
            seen.append(key)
            map[key] = nil
            map[key + 1_000] = key
        }
        #expect(seen == Array(0..<500))
        #expect(map.map(\.key) == Array(1_000..<1_500))
    }

    @Test func aChangeCopiesOnlyThePathAndOnlyWhenItIsShared() {
        var map = IntMap(ascending: Array(0..<20_000), values: Array(0..<20_000))
        let alone = nodes(of: map)
        for key in 0..<100 { map[key * 200] = -1 }
        #expect(nodes(of: map) == alone)
        let snapshot = map
        map[7_777] = -2
        // 20,000 entries stand in three levels: root, inner node, leaf... and no other node is new.
        #expect(nodes(of: map).subtracting(nodes(of: snapshot)).count == depth(of: map))
        let once = nodes(of: map)
        map[7_777] = -3
        #expect(nodes(of: map) == once)
        #expect(snapshot[7_777] == 7_777 && map[7_777] == -3)
    }

    @Test func removingWhatIsNotThereCopiesNothing() {
        var map = IntMap(ascending: Array(0..<1_000), values: Array(0..<1_000))
        let snapshot = map
        map[5_000] = nil
        #expect(map.root === snapshot.root)
    }

    private func nodes(of map: IntMap) -> Set<ObjectIdentifier> {
        var found: Set<ObjectIdentifier> = []
        func visit(_ node: MapNode<Int, Int>) {
            found.insert(ObjectIdentifier(node))
            for child in node.children { visit(child) }
        }
        visit(map.root)
        return found
    }

    private func depth(of map: IntMap) -> Int {
        var node = map.root
        var depth = 1
        while let child = node.children.first {
            node = child
            depth += 1
        }
        return depth
    }
}
