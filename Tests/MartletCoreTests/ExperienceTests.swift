// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// Suspicions and changes that did not pay (adaptation §7). c = 500, f = 2 of 7.
@Suite("Experience: what a group learns of its members and its changes")
struct ExperienceTests {
    private let view: View

    init() throws { view = try Samples.view(n: 7, f: 2) }

    /// Of all members but the silent; each of the accusers finds the same others late.
    private func reports(
        _ late: [Int], by accusers: [Int], silent: [Int] = [], telling: [Int] = [], of regency: UInt64 = 1
    ) -> [LatencyReport?] {
        (0..<7).map { place in
            guard !silent.contains(place) else { return nil }
            let row = Array(repeating: LinkLatency.zero, count: 7)
            let found = accusers.contains(place) ? late.filter { $0 != place }.map { ReplicaIndex($0) } : []
            return LatencyReport(
                proposals: row, votes: row, late: ReplicaSet(found),
                took: telling.contains(place) ? LinkLatency(9) : .missing, regency: Regency(regency))
        }
    }

    private func accuse(
        _ experience: inout Experience, _ late: [Int], by accusers: [Int] = [0, 1, 2], silent: [Int] = [],
        at calculations: some Sequence<UInt64>
    ) {
        for number in calculations {
            experience.learn(
                from: reports(late, by: accusers, silent: silent), of: .first, at: Instance(number * 500), in: view)
        }
    }

    private func suspects(_ experience: Experience, at calculation: UInt64) -> [UInt16] {
        experience.suspects(at: Instance(calculation * 500), f: 2).map(\.rawValue)
    }

    // MARK: Suspicions

    @Test("By the word of f+1 members, in three of six calculations, a member becomes suspect, for a time")
    func suspect() {
        var experience = Experience()
        accuse(&experience, [6], at: [1, 2])
        #expect(suspects(experience, at: 2).isEmpty)
        accuse(&experience, [6], at: [6])
        #expect(suspects(experience, at: 6) == [6])
        #expect(suspects(experience, at: 6 + 15) == [6])
        #expect(suspects(experience, at: 6 + 16).isEmpty)
    }

    @Test("The reports of f liars, or accusations far apart, make nobody suspect")
    func notSuspect() {
        var experience = Experience()
        accuse(&experience, [6], by: [4, 5], at: 1...20)
        #expect(experience == Experience())
        accuse(&experience, [6], at: [1, 2, 7, 12, 17, 18, 23])
        #expect(suspects(experience, at: 23).isEmpty)
    }

    @Test("Who reports nothing is missing, and not late besides")
    func silent() {
        var experience = Experience()
        accuse(&experience, [6], silent: [6], at: 1...9)
        #expect(experience == Experience())
    }

    @Test("A suspicion lasts longer each time, up to a bound, and is forgotten in the end")
    func again() throws {
        var experience = Experience()
        var number: UInt64 = 0
        for times in 1...8 {
            accuse(&experience, [6], at: (number + 1)...(number + 3))
            let suspicion = try #require(experience.suspicions.first)
            let lasts = 16 << UInt64(min(times, Suspicion.timesMax) - 1)
            #expect(suspicion.until == Instance((number + 3 + UInt64(lasts)) * 500))
            number += 3 + UInt64(lasts)
        }
        accuse(&experience, [], at: [number + 64])
        #expect(experience.suspicions.count == 1)
        accuse(&experience, [], at: [number + 65])
        #expect(experience.suspicions.isEmpty)
    }

    @Test("Who stays late stays suspect, no longer for each calculation")
    func stays() throws {
        var experience = Experience()
        accuse(&experience, [6], at: 1...12)
        let suspicion = try #require(experience.suspicions.first)
        #expect(suspicion.times == 1 && suspicion.until == Instance(500 * (12 + 16)))
    }

    @Test("No more than f are suspect, those that most accuse: correct members are not driven out")
    func bounded() {
        var experience = Experience()
        for number in 1...3 as ClosedRange<UInt64> {
            var all = reports([3, 5], by: [0, 1, 2])
            let more = reports([1, 6], by: [0, 2, 3, 4])
            for place in 0..<7 {
                guard let mine = all[place], let other = more[place] else { continue }
                all[place] = LatencyReport(
                    proposals: mine.proposals, votes: mine.votes,
                    late: ReplicaSet(
                        (0..<7).map { ReplicaIndex($0) }.filter {
                            mine.late.contains($0) || other.late.contains($0)
                        }))
            }
            experience.learn(from: all, of: .first, at: Instance(number * 500), in: view)
        }
        #expect(experience.suspicions.map(\.replica.rawValue) == [1, 3, 5, 6])
        #expect(suspects(experience, at: 3) == [1, 6])
    }

    @Test("Whoever is suspect stays so until its time is over, whomever more accuse")
    func toggled() {
        var experience = Experience()
        accuse(&experience, [1, 3], by: [0, 2, 4], at: 1...3)
        #expect(suspects(experience, at: 3) == [1, 3])
        accuse(&experience, [5, 6], by: [0, 1, 2, 3, 4], at: 4...9)
        #expect(experience.suspicions.count == 4 && suspects(experience, at: 9) == [1, 3])
        #expect(suspects(experience, at: 20) == [5, 6])
    }

    // MARK: Changes

    private func input(at instance: UInt64) -> CalculationInput {
        CalculationInput(
            view: view.number, instance: Instance(instance), leader: ReplicaID(4), excluded: [],
            reports: Array(repeating: nil, count: 7))
    }

    private func outcome(_ reason: CalculationOutcome.Reason, decided: [UInt64?] = [7, nil, 9, 9, 9, 9, 9])
        -> CalculationOutcome
    {
        CalculationOutcome(
            view: view.number, instance: Instance(500), reason: reason, leaderOrder: view.leaderOrder,
            heavy: view.heavyMembers, predictions: .init(current: 12, best: 5, median: nil, worst: nil),
            decided: decided)
    }

    private func onTrial() -> Experience {
        var experience = Experience()
        experience.noteChange(outcome(.better), of: input(at: 500), in: view, at: Instance(625))
        experience.setbacks = 2
        return experience
    }

    /// n−f are five.
    private func judge(
        _ experience: inout Experience, telling: [Int] = [0, 2, 3, 4, 5], of regency: UInt64 = 1,
        at calculations: some Sequence<UInt64>
    ) {
        for number in calculations {
            experience.learn(
                from: reports([], by: [], telling: telling, of: regency), of: .first, at: Instance(number * 500),
                in: view)
        }
    }

    @Test(
        "What was left for something better is remembered, with how it went, until six calculations have judged that it paid"
    )
    func former() throws {
        var experience = onTrial()
        let former = try #require(experience.former)
        #expect(former.leader == ReplicaID(4) && former.heavy == view.plan.heavy && former.predicted == 12)
        #expect(former.decided.map(\.replica.rawValue) == [0, 2, 3, 4, 5, 6] && experience.changed == Instance(625))
        judge(&experience, at: 2...7)
        #expect(experience.former?.judged == 6 && experience.setbacks == 2)
        judge(&experience, at: [8])
        #expect(experience.former == nil && experience.setbacks == 1)
    }

    @Test("A change that too few tell of, or only of another regency, was not judged, and has not paid")
    func unjudged() {
        // Member 1 had told nothing before.
        for (telling, regency) in [([0, 2, 3, 4], 1), ([0, 1, 2, 3, 4], 1), ([0, 1, 2, 3, 4, 5, 6], 2)]
            as [([Int], UInt64)]
        {
            var experience = onTrial()
            judge(&experience, telling: telling, of: regency, at: 2...25)
            #expect(experience.former?.judged == 0 && experience.setbacks == 2)
            judge(&experience, telling: telling, of: regency, at: [26])
            #expect(experience.former == nil && experience.setbacks == 2)
        }
    }

    @Test("What was left since it needs who is missing or suspect, or by hand, is not gone back to")
    func noFormer() {
        for reason in [.needed, .suspected] as [CalculationOutcome.Reason] {
            var experience = Experience()
            experience.noteChange(outcome(.better), of: input(at: 500), in: view, at: Instance(625))
            experience.noteChange(outcome(reason), of: input(at: 1_000), in: view, at: Instance(1_125))
            #expect(experience.former == nil && experience.changed == Instance(1_125))
        }
        var experience = Experience()
        experience.noteChange(outcome(.better, decided: []), of: input(at: 500), in: view, at: Instance(625))
        #expect(experience.former == nil)
        experience.noteChange(outcome(.better), of: input(at: 500), in: view, at: Instance(625))
        experience.noteOtherChange(at: Instance(2_000))
        #expect(experience.former == nil && experience.changed == Instance(2_000))
    }

    @Test("What was taken back is rejected, twice as long each time, and each view lasts twice as long")
    func rejected() {
        var experience = Experience()
        #expect(experience.patience(calculationPeriod: 500) == 500)
        experience.noteChange(outcome(.unpaid), of: input(at: 500), in: view, at: Instance(625))
        #expect(experience.rejected.map(\.until) == [Instance(625 + 16 * 500)])
        #expect(experience.rejected[0].leader == ReplicaID(4) && experience.rejected[0].heavy == view.plan.heavy)
        #expect(experience.patience(calculationPeriod: 500) == 1_500)
        experience.noteChange(outcome(.unpaid), of: input(at: 1_000), in: view, at: Instance(1_125))
        #expect(experience.rejected.map(\.until).last == Instance(1_125 + 32 * 500))
        #expect(experience.patience(calculationPeriod: 500) == 3_500)
        for _ in 0..<40 { experience.noteChange(outcome(.unpaid), of: input(at: 1_000), in: view, at: Instance(1_125)) }
        #expect(experience.rejected.count == Experience.rejectedMax && experience.setbacks == Experience.setbacksMax)
        #expect(experience.former == nil)
        experience.learn(from: reports([], by: []), of: .first, at: Instance(1_000_000), in: view)
        #expect(experience.rejected.isEmpty)
    }
}
