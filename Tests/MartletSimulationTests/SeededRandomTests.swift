// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import Testing

@Suite("Chance")
struct SeededRandomTests {
    @Test("The same seed gives the same numbers, another seed others; a fork is independent")
    func seeds() {
        var first = SeededRandom(seed: 1)
        var again = SeededRandom(seed: 1)
        var other = SeededRandom(seed: 2)
        let numbers = (0..<100).map { _ in first.next() }
        #expect(numbers == (0..<100).map { _ in again.next() })
        #expect(numbers != (0..<100).map { _ in other.next() })
        var fork = first.fork()
        #expect(fork.next() != first.next())
    }

    @Test("Numbers keep their bounds and reach all of them; a shuffle loses nothing")
    func bounds() {
        var random = SeededRandom(seed: 3)
        var seen = Set<Int>()
        for _ in 0..<1_000 { seen.insert(random.number(in: 2...9)) }
        #expect(seen == Set(2...9))
        var list = Array(0..<50)
        random.shuffle(&list)
        #expect(list != Array(0..<50) && list.sorted() == Array(0..<50))
        var shorts = [1]
        random.shuffle(&shorts)
        #expect(shorts == [1])
    }
}
