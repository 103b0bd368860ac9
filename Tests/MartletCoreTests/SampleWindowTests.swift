// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("Samples of one member's latency")
struct SampleWindowTests {
    private let limits = SampleWindow.Limits(patience: .milliseconds(100), memory: .seconds(10))
    private let start = Instant(1_000_000_000)

    private func at(_ milliseconds: UInt64) -> Instant { start + .milliseconds(milliseconds) }

    private func answer(_ number: UInt64, _ digest: Digest? = nil) -> ChallengeResponse {
        ChallengeResponse(number: number, digest: digest)
    }

    /// Challenge k is sent at 10 k ms; the answers come after so many milliseconds, or never.
    private func window(_ trips: [UInt64?]) -> SampleWindow {
        var window = SampleWindow()
        for (number, trip) in trips.enumerated() {
            window.noteChallenge(UInt64(number), expecting: nil, at: at(10 * UInt64(number)))
            guard let trip else { continue }
            isTaken(true, window.noteResponse(answer(UInt64(number)), at: at(10 * UInt64(number) + trip)))
        }
        return window
    }

    @Test("Who answers nothing is missing, however small the window and however often it is asked")
    func smallAndSilent() {
        var window = SampleWindow(capacity: 5)
        var now = Instant(1_000_000_000)
        for number in 0..<200 as Range<UInt64> {
            if window.mayAsk(at: now, limits) { window.noteChallenge(number, expecting: nil, at: now) }
            now = now + .milliseconds(10)
            if number > 20 { #expect(window.median(at: now, limits) == .missing) }
        }
    }

    @Test("Half the round trip, in whole microseconds, halves rounded up")
    func halves() {
        #expect(LinkLatency(roundTrip: Interval(nanoseconds: 2_000_999)) == LinkLatency(1_000))
        #expect(LinkLatency(roundTrip: Interval(nanoseconds: 2_001_000)) == LinkLatency(1_001))
        #expect(LinkLatency(roundTrip: .zero) == .zero)
        #expect(LinkLatency(roundTrip: .seconds(7_200)) == .max)
        #expect(LinkLatency(roundTrip: .seconds(7_201)) == .missing)
        #expect(LinkLatency(roundTrip: Interval(nanoseconds: .max)) == .missing)
        #expect(LinkLatency(3_600_000_001) == .missing)
    }

    @Test("The median is the middle one, of two the slower")
    func median() {
        #expect(window([]).median(at: at(500), limits) == nil)
        #expect(window([8]).median(at: at(500), limits) == LinkLatency(4_000))
        #expect(window([8, 2]).median(at: at(500), limits) == LinkLatency(4_000))
        #expect(window([8, 2, 6]).median(at: at(500), limits) == LinkLatency(3_000))
    }

    @Test("An answer counts once, and only for its own challenge")
    func once() {
        var window = SampleWindow()
        window.noteChallenge(7, expecting: nil, at: at(0))
        isTaken(false, window.noteResponse(answer(8), at: at(1)))
        #expect(window.median(at: at(1), limits) == nil)
        isTaken(true, window.noteResponse(answer(7), at: at(20)))
        isTaken(false, window.noteResponse(answer(7), at: at(90)))
        #expect(window.median(at: at(500), limits) == LinkLatency(10_000))
    }

    @Test("What was sent behind a proposal is answered with its digest or not at all")
    func digest() {
        var window = SampleWindow()
        let digest = Digest(words: Words32(1, 2, 3, 4))
        window.noteChallenge(7, expecting: digest, at: at(0))
        isTaken(false, window.noteResponse(answer(7), at: at(2)))
        isTaken(false, window.noteResponse(answer(7, .zero), at: at(2)))
        isTaken(true, window.noteResponse(answer(7, digest), at: at(4)))
        #expect(window.median(at: at(4), limits) == LinkLatency(2_000))
        window.noteChallenge(8, expecting: nil, at: at(10))
        isTaken(false, window.noteResponse(answer(8, digest), at: at(12)))
    }

    @Test("Who falls silent is missing, however near it was before")
    func silent() {
        let before = Array(repeating: 2, count: 16) as [UInt64?]
        let fifteen = window(before + Array(repeating: nil, count: 15))
        #expect(fifteen.median(at: at(1_000), limits) == LinkLatency(1_000))
        let sixteen = window(before + Array(repeating: nil, count: 16))
        #expect(sixteen.median(at: at(1_000), limits) == .missing)
        // Once all that it answered is pushed out, whatever the clock says.
        #expect(window(before + Array(repeating: nil, count: 32)).median(at: at(1_000), limits) == .missing)
    }

    @Test("What may still be answered counts neither way while patience lasts")
    func underWay() {
        let window = window([2, nil, nil])
        #expect(window.median(at: at(50), limits) == LinkLatency(1_000))
        #expect(window.median(at: at(200), limits) == .missing)
    }

    @Test("A late answer counts with its true time")
    func late() {
        var window = window([nil])
        #expect(window.median(at: at(400), limits) == .missing)
        isTaken(true, window.noteResponse(answer(0), at: at(600)))
        #expect(window.median(at: at(600), limits) == LinkLatency(300_000))
    }

    @Test("What was pushed out is answered too late")
    func pushedOut() {
        var window = window([nil] + Array(repeating: 2, count: SampleWindow.kept))
        isTaken(false, window.noteResponse(answer(0), at: at(900)))
        #expect(window.count == SampleWindow.kept)
    }

    @Test("Old samples do not count")
    func old() {
        let window = window([2, 2])
        #expect(window.median(at: at(10_005), limits) == LinkLatency(1_000))
        #expect(window.median(at: at(10_011), limits) == nil)
    }

    @Test("No more than a few wait for their answers at a time")
    func open() {
        var window = SampleWindow()
        for number in 0..<UInt64(SampleWindow.openMax) {
            #expect(window.mayAsk(at: at(0), limits))
            window.noteChallenge(number, expecting: nil, at: at(0))
        }
        #expect(!window.mayAsk(at: at(99), limits))
        #expect(window.mayAsk(at: at(100), limits))
        isTaken(true, window.noteResponse(answer(3), at: at(1)))
        #expect(window.mayAsk(at: at(1), limits))
    }
}

@Suite("Which instances are measured, and whose challenges are answered")
struct MeasuringScheduleTests {
    @Test("ω of the instances, evenly spread", arguments: [0, 1, 7, 50, 333, 500, 999, 1_000])
    func share(permille: Int) {
        let schedule = MeasuringSchedule(permille: permille)
        for begin in [1, 1_001, 1 << 61] as [UInt64] {
            let measured = (begin..<begin + 3_000).filter { schedule.measures(Instance($0)) }
            #expect(measured.count == 3 * permille)
            guard permille > 0 else { continue }
            let gaps = zip(measured, measured.dropFirst()).map { $1 - $0 }
            #expect(gaps.allSatisfy { $0 <= UInt64(1_000 / permille) + 1 })
        }
    }

    @Test("Each member in turn")
    func turns() {
        let schedule = MeasuringSchedule(permille: 250)
        let turns = (1...64).map { Instance(UInt64($0)) }.filter(schedule.measures)
            .map { schedule.turn(of: $0, n: 4).position }
        #expect(turns == [1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0])
    }

    @Test("Who asks as the schedule says is answered, who asks without pause about as often")
    func budget() {
        var (fair, greedy) = (ChallengeBudget(), ChallengeBudget())
        var (answers, denied) = (0, 0)
        for step in 1...1_000 as ClosedRange<UInt64> {
            let now = Instant(step * 1_000_000)
            if step % 10 == 0 {
                for _ in 0..<2 {
                    let isAnswered = fair.spend(measured: step / 10, period: .seconds(1), at: now)
                    #expect(isAnswered)
                }
            }
            for _ in 0..<50 {
                if greedy.spend(measured: step / 10, period: .seconds(1), at: now) { answers += 1 } else { denied += 1 }
            }
        }
        // 64 at once, four for each of 100 measured instances, one for the second that passed, one for the time before.
        #expect((464...466).contains(answers))
        #expect(denied > 49_000)
    }

    @Test("A budget neither grows without bound nor ends in silence")
    func budgetBound() {
        var budget = ChallengeBudget()
        isTaken(true, budget.spend(measured: .max, period: .seconds(1), at: Instant(.max)))
        var answers = 1
        while budget.spend(measured: .max, period: .seconds(1), at: Instant(.max)) { answers += 1 }
        #expect(answers == 64)
        // It ran out; the measured instances of a day later.
        var other = ChallengeBudget()
        while other.spend(measured: 0, period: .seconds(1), at: .zero) {}
        isTaken(true, other.spend(measured: 0, period: .seconds(1), at: Instant.zero + .seconds(1)))
    }

    @Test("Random numbers are used once, asked for once, and kept in bounds")
    func stock() throws {
        var stock = EntropyStock(capacity: 8)
        func wanted() -> Int { stock.wanted() }
        func take() -> UInt64? { stock.take() }
        #expect(wanted() == 8)
        #expect(wanted() == 0)
        stock.refill(Array(1...20))
        #expect(stock.count == 8)
        var taken: [UInt64] = []
        for _ in 0..<4 { taken.append(try #require(take())) }
        #expect(wanted() == 4)
        while let number = stock.take() { taken.append(number) }
        #expect(taken.sorted() == Array(1...8))
        #expect(wanted() == 0)
        stock.refill([9])
        #expect(take() == 9)
        #expect(take() == nil)
    }
}

private func isTaken(_ expected: Bool, _ taken: Bool, at place: SourceLocation = #_sourceLocation) {
    #expect(taken == expected, sourceLocation: place)
}
