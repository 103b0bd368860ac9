// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MartletKV

@Suite struct MapDifferenceTests {
    private typealias Map = PersistentOrderedMap<Int, Int>

    private func naive(_ one: Map, _ other: Map) -> [Int] {
        let (one, other) = (
            Dictionary(uniqueKeysWithValues: Array(one)), Dictionary(uniqueKeysWithValues: Array(other))
        )
        return Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }.sorted()
    }

    @Test(arguments: 1...30)
    func itIsThatOfTheirEntries(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var map = Map()
        var versions = [map]
        let keys = [10, 300, 2_000].randomElement(using: &generator) ?? 10
        for _ in 0..<20 {
            let removals = Int.random(in: 0...10, using: &generator)
            for _ in 0..<Int.random(in: 0...(keys / 4 + 2), using: &generator) {
                let key = Int.random(in: 0..<keys, using: &generator)
                map[key] = generator.chance(removals, in: 10) ? nil : Int.random(in: 0...3, using: &generator)
            }
            if generator.chance(1, in: 10) { map = Map(ascending: map.map(\.key), values: map.map(\.value)) }
            if generator.chance(1, in: 20) { map = Map() }
            let other =
                generator.chance(1, in: 2) ? versions[versions.count - 1] : versions.randomElement(using: &generator)
            if let other {
                #expect(map.keysChanged(since: other) == naive(map, other))
                #expect(other.keysChanged(since: map) == naive(map, other))
            }
            versions.append(map)
        }
    }

    @Test func emptyMapsDoNotDiffer() {
        #expect(Map().keysChanged(since: Map()).isEmpty)
        #expect(Map(ascending: [1, 2], values: [1, 2]).keysChanged(since: Map()) == [1, 2])
        #expect(Map().keysChanged(since: Map(ascending: [1, 2], values: [1, 2])) == [1, 2])
    }

    /// Values that are asked whether they are equal count it.
    @Test func whatIsSharedIsNotWalked() {
        var map = PersistentOrderedMap<Int, Counted>()
        let counter = Counter()
        for key in 0..<50_000 { map[key] = Counted(value: 0, counter: counter) }
        let before = map
        for key in [5, 20_000, 20_001, 49_999] { map[key] = Counted(value: 1, counter: counter) }
        for key in 30_000..<30_010 { map[key] = nil }
        for key in 200_000..<200_100 { map[key] = Counted(value: 1, counter: counter) }
        #expect(map.keysChanged(since: before).count == 114)
        #expect(counter.count < 2_000)
    }

    private final class Counter: @unchecked Sendable { var count = 0 }

    private struct Counted: Equatable, Sendable {
        let value: Int
        let counter: Counter

        static func == (one: Counted, other: Counted) -> Bool {
            one.counter.count += 1
            return one.value == other.value
        }
    }
}
