// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Virtual time")
struct EventQueueTests {
    @Test("Events come by time, and at the same time in the order of insertion")
    func order() {
        var random = SeededRandom(seed: 7)
        var queue = EventQueue<Int>()
        var expected: [(time: UInt64, number: Int)] = []
        for number in 0..<2_000 {
            let time = UInt64(random.below(50))
            queue.insert(number, at: Instant(time))
            expected.append((time, number))
        }
        expected.sort { ($0.time, $0.number) < ($1.time, $1.number) }
        for next in expected {
            let first = queue.removeFirst()
            #expect(first?.time == Instant(next.time) && first?.element == next.number)
        }
        #expect(queue.removeFirst() == nil)
    }

    @Test("Insertion between removals keeps the order, and slots are used again")
    func interleaved() {
        var queue = EventQueue<Int>()
        queue.insert(3, at: Instant(30))
        queue.insert(1, at: Instant(10))
        #expect(queue.removeFirst()?.element == 1)
        queue.insert(2, at: Instant(20))
        #expect(queue.removeFirst()?.element == 2)
        #expect(queue.nextTime == Instant(30))
        #expect(queue.removeFirst()?.element == 3)
        #expect(queue.isEmpty)
    }
}
