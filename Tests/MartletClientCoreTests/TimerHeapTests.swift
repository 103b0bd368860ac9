// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

@Suite struct TimerHeapTests {
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `the heap does what a naive twin does`(seed: UInt64) {
        var random = TestRandom(seed: seed)
        var heap = TimerHeap()
        var twin: [Int: Instant] = [:]
        for _ in 0..<500 {
            let key = Int.random(in: 0..<40, using: &random)
            let time = Instant(UInt64.random(in: 0..<100, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                heap.remove(key)
                twin[key] = nil
            case 1:
                let due = heap.takeDue(at: time)
                let earliest = twin.values.min()
                if let due {
                    #expect(twin[due] == earliest)
                    twin[due] = nil
                } else {
                    #expect(earliest.map { $0 > time } ?? true)
                }
            default:
                heap.set(key, at: time)
                twin[key] = time
            }
            #expect(heap.earliest == twin.values.min())
            #expect(heap.isSet(key) == (twin[key] != nil))
        }
    }
}
