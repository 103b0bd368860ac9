// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes
import Testing

@Suite("Clocks of a replica")
struct ReplicaClockTests {
    private static func at(_ milliseconds: UInt64) -> Instant { .zero + .milliseconds(milliseconds) }
    private static func clock() -> ReplicaClock {
        ReplicaClock(monotonicOffset: .seconds(7), wallOffset: .milliseconds(3))
    }

    @Test("A clock that drifts shows more or less time, and its timers go off accordingly")
    func drift() {
        var clock = Self.clock()
        let start = clock.reading(at: .zero)
        clock.strike(.drift(permille: 2_000), at: Self.at(100))
        let later = clock.reading(at: Self.at(200))
        #expect(later.monotonic.since(start.monotonic) == .milliseconds(300))
        #expect(later.wall.rawValue - start.wall.rawValue == 300_000)
        #expect(clock.worldTime(of: start.monotonic + .milliseconds(300)) == Self.at(200))
        clock.strike(.drift(permille: 500), at: Self.at(200))
        #expect(clock.worldTime(of: start.monotonic + .milliseconds(400)) == Self.at(400))
    }

    @Test("A time that never comes is far away, not beyond the numbers")
    func farAway() {
        var clock = ReplicaClock(monotonicOffset: .zero, wallOffset: .zero)
        clock.strike(.drift(permille: 1_500), at: .zero)
        #expect(clock.worldTime(of: Instant(UInt64.max / 1_000)) != nil)
        #expect(clock.worldTime(of: .distantFuture) == .distantFuture)
    }

    @Test("A clock that stands still goes on from where it stood, at the rate that was set meanwhile")
    func standstill() {
        var clock = Self.clock()
        clock.strike(.stand(until: Self.at(300)), at: Self.at(100))
        let stood = clock.reading(at: Self.at(100))
        #expect(clock.reading(at: Self.at(299)) == stood)
        #expect(clock.worldTime(of: stood.monotonic + .milliseconds(1)) == nil)
        clock.strike(.drift(permille: 1_500), at: Self.at(200))
        #expect(clock.reading(at: Self.at(300)) == stood)
        clock.goOn(at: Self.at(300))
        #expect(clock.reading(at: Self.at(400)).monotonic.since(stood.monotonic) == .milliseconds(150))
    }

    @Test("A wall clock that is set jumps; the monotonic one does not, and never goes back whatever happens")
    func jumps() {
        var clock = Self.clock()
        var random = SeededRandom(seed: 4)
        let before = clock.reading(at: Self.at(10))
        clock.strike(.jump(milliseconds: -60_000), at: Self.at(10))
        let after = clock.reading(at: Self.at(10))
        #expect(after.monotonic == before.monotonic && before.wall.rawValue - after.wall.rawValue == 60_000_000)
        var last = after.monotonic
        for step in 11...2_000 as ClosedRange<UInt64> {
            switch random.below(40) {
            case 0: clock.strike(.drift(permille: random.number(in: 1...5_000)), at: Self.at(step))
            case 1: clock.strike(.jump(milliseconds: random.number(in: -9_000...9_000)), at: Self.at(step))
            case 2: clock.strike(.stand(until: .distantFuture), at: Self.at(step))
            case 3...6: clock.goOn(at: Self.at(step))
            default: break
            }
            let reading = clock.reading(at: Self.at(step))
            #expect(reading.monotonic >= last)
            last = reading.monotonic
            // A timer never goes off before its time.
            let goal = last + .milliseconds(5)
            if let time = clock.worldTime(of: goal) { #expect(clock.reading(at: time).monotonic >= goal) }
        }
    }
}
