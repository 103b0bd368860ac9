// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletTypes
import Testing

/// What was learnt of members and of changes, in calculations (adaptation §7). c = 500.
@Suite("Calculations with experience")
struct CalculationExperienceTests {
    /// One way in microseconds, as in `CalculationTests`.
    private static let regions: [[UInt32]] = [
        [0, 64_000, 70_000, 91_000, 35_000],
        [64_000, 0, 129_000, 92_000, 38_000],
        [70_000, 129_000, 0, 158_000, 99_000],
        [91_000, 92_000, 158_000, 0, 57_000],
        [35_000, 38_000, 99_000, 57_000, 0],
    ]

    private func view(leader: Int, heavy: [Int]) throws -> View {
        let members = (0..<5).map { place in
            Member(
                id: ReplicaID(UInt16(10 + place)), key: PublicKey(words: Words32(UInt64(place), 1, 1, 1)), host: "h",
                port: 1 + place, isHeavy: heavy.contains(place))
        }
        return try View(
            group: .zero, number: ViewNumber(3), faultModel: .byzantine, f: 1, members: members,
            leaderOrder: ([leader] + (0..<5).filter { $0 != leader }).map { members[$0].id }, settings: GroupSettings())
    }

    private func id(_ place: Int) -> ReplicaID { ReplicaID(UInt16(10 + place)) }

    private func input(
        leader: Int, excluded: [Int] = [], base: UInt64 = 0, took: [UInt32?] = [nil, nil, nil, nil, nil],
        links: [[UInt32]] = regions, regency: Regency = .first, _ experience: Experience
    ) -> CalculationInput {
        var experience = experience
        experience.changed = Instance(base)
        return CalculationInput(
            view: ViewNumber(3), instance: Instance(5_000), regency: regency, leader: id(leader),
            excluded: excluded.map(id),
            reports: (0..<5).map { place in
                let row = links[place].map { LinkLatency($0) }
                return LatencyReport(
                    proposals: row, votes: row, took: took[place].map { LinkLatency($0) } ?? .missing,
                    regency: .first)
            }, experience: experience)
    }

    private func suspecting(_ places: [Int], until: UInt64 = 5_001) -> Experience {
        var experience = Experience()
        experience.suspicions = places.map {
            Suspicion(
                replica: id($0), accusations: [Instance(4_500)], accusers: 2 + $0, times: 1, until: Instance(until))
        }
        return experience
    }

    private func rejecting(_ assignments: [(leader: Int, heavy: [Int])]) -> Experience {
        var experience = Experience()
        experience.rejected = assignments.map {
            RejectedAssignment(leader: id($0.leader), heavy: $0.heavy.map(id), until: Instance(9_999))
        }
        return experience
    }

    // MARK: Suspects

    @Test("Who is suspect loses lead and weight, though it be the best, until it is so no longer", arguments: 0..<5)
    func suspect(place: Int) throws {
        let best = Calculation.outcome(of: input(leader: 2, Experience()), in: try view(leader: 2, heavy: [2, 3]))
        let leader = try #require(best.leaderOrder.first).position
        let chosen = try view(leader: leader, heavy: best.heavy.map(\.position))
        let outcome = Calculation.outcome(of: input(leader: leader, suspecting([place])), in: chosen)
        #expect(!outcome.heavy.contains(ReplicaIndex(place)) || !outcome.isChange)
        let isConcerned = place == leader || best.heavy.contains(ReplicaIndex(place))
        #expect(outcome.reason == (isConcerned ? .suspected : .goodEnough))
        if isConcerned {
            #expect(outcome.leaderOrder.first != ReplicaIndex(place) && !outcome.heavy.contains(ReplicaIndex(place)))
            #expect(outcome.leaderOrder.last == ReplicaIndex(place))
        }
        let later = Calculation.outcome(of: input(leader: leader, suspecting([place], until: 5_000)), in: chosen)
        #expect(later.reason == .goodEnough)
    }

    @Test("Of more than f that became suspect together those that most accuse are avoided")
    func bounded() throws {
        let outcome = Calculation.outcome(
            of: input(leader: 0, suspecting([0, 4])), in: try view(leader: 0, heavy: [0, 4]))
        #expect(outcome.reason == .suspected)
        #expect(outcome.heavy.contains(ReplicaIndex(0)) && !outcome.heavy.contains(ReplicaIndex(4)))
    }

    @Test("A suspect that is light already changes nothing, and does not switch the goal off")
    func lightSuspect() throws {
        let view = try view(leader: 0, heavy: [0, 4])
        let plain = Calculation.outcome(of: input(leader: 0, Experience()), in: view)
        #expect(plain.reason == .goodEnough)
        #expect(Calculation.outcome(of: input(leader: 0, suspecting([2])), in: view).reason == .goodEnough)
    }

    @Test("Where all weigh the same only a suspect leader is replaced")
    func equalWeights() throws {
        let members = (0..<4).map { place in
            Member(
                id: id(place), key: PublicKey(words: Words32(UInt64(place), 1, 1, 1)), host: "h", port: 1 + place,
                isHeavy: place < 2)
        }
        let view = try View(
            group: .zero, number: ViewNumber(3), faultModel: .byzantine, f: 1, members: members,
            leaderOrder: members.map(\.id), settings: GroupSettings())
        let row = Array(repeating: LinkLatency(10_000), count: 4)
        for (suspect, reason) in [(0, .suspected), (1, .goodEnough), (3, .goodEnough)]
            as [(Int, CalculationOutcome.Reason)]
        {
            let input = CalculationInput(
                view: ViewNumber(3), instance: Instance(5_000), leader: id(0), excluded: [],
                reports: Array(repeating: LatencyReport(proposals: row, votes: row), count: 4),
                experience: suspecting([suspect]))
            #expect(Calculation.outcome(of: input, in: view).reason == reason)
        }
    }

    // MARK: Rejected assignments

    @Test("What was rejected is not chosen again, unless nothing else is left")
    func rejected() throws {
        let view = try view(leader: 2, heavy: [2, 3])
        let best = Calculation.outcome(of: input(leader: 2, Experience()), in: view)
        let leader = try #require(best.leaderOrder.first).position
        let heavy = best.heavy.map(\.position)
        let next = Calculation.outcome(of: input(leader: 2, rejecting([(leader, heavy)])), in: view)
        #expect(next.isChange)
        #expect(next.heavy != best.heavy || next.leaderOrder.first != best.leaderOrder.first)
        // All without the suspect are rejected.
        var all: [(leader: Int, heavy: [Int])] = []
        for first in 1..<5 {
            for second in (first + 1)..<5 { all += [(first, [first, second]), (second, [first, second])] }
        }
        var experience = rejecting(all)
        experience.suspicions = suspecting([0]).suspicions
        let last = Calculation.outcome(of: input(leader: 2, experience), in: view)
        #expect(last.isChange && !last.heavy.contains(ReplicaIndex(0)))
    }

    @Test("With each setback a view lasts twice as long before something that is only better is chosen")
    func patience() throws {
        let view = try view(leader: 2, heavy: [2, 3])
        for (setbacks, base, reason) in [
            (0, 4_500, .better), (0, 4_501, .tooSoon), (1, 3_501, .tooSoon), (1, 3_500, .better), (2, 1_501, .tooSoon),
            (2, 1_500, .better),
        ] as [(Int, UInt64, CalculationOutcome.Reason)] {
            var experience = Experience()
            experience.setbacks = setbacks
            let outcome = Calculation.outcome(of: input(leader: 2, base: base, experience), in: view)
            #expect(outcome.reason == reason)
        }
    }

    // MARK: Changes that do not pay

    /// ⟨4; 0, 4⟩ now, ⟨0; 0, 1⟩ before. `took` is what each member tells; with these links members decide 70 to 158 ms after the
    /// proposal.
    private func trial(
        took: [UInt32?], before: [UInt64?] = [150_000, 150_000, 150_000, 200_000, 150_000], predicted: UInt64 = 200_000,
        links: [[UInt32]] = regions, excluded: [Int] = [], regency: Regency = .first
    ) throws -> CalculationOutcome {
        var experience = Experience()
        experience.former = FormerAssignment(
            leader: id(0), heavy: [id(0), id(1)], predicted: predicted,
            decided: before.enumerated().compactMap { place, time in
                time.map { FormerAssignment.MemberTime(replica: id(place), microseconds: $0) }
            })
        return Calculation.outcome(
            of: input(
                leader: 4, excluded: excluded, base: 4_700, took: took, links: links, regency: regency, experience),
            in: try view(leader: 4, heavy: [0, 4]))
    }

    private let slow: [UInt32?] = [400_000, 400_000, 400_000, 400_000, 400_000]

    @Test("A change after which instances take longer than before, and than the links explain, is taken back")
    func unpaid() throws {
        let outcome = try trial(took: slow)
        #expect(outcome.reason == .unpaid && outcome.isChange)
        #expect(outcome.heavy == ReplicaSet([0, 1].map { ReplicaIndex($0) }))
        #expect(outcome.leaderOrder.first == ReplicaIndex(0))
        #expect(outcome.decided == [435_000, 438_000, 499_000, 457_000, 400_000])
        let comparison = try #require(outcome.comparison)
        #expect(comparison.members == 5 && comparison.worse == 5)
        #expect(comparison.medianBefore == 150_000 && comparison.medianAfter == 438_000)
    }

    @Test("A change that pays stays, and one that is not on trial")
    func paid() throws {
        let outcome = try trial(took: [60_000, 60_000, 60_000, 60_000, 90_000])
        #expect(outcome.reason == .goodEnough)
        #expect(outcome.comparison?.worse == 0)
        let untried = Calculation.outcome(
            of: input(leader: 4, took: slow, Experience()), in: try view(leader: 4, heavy: [0, 4]))
        #expect(untried.reason == .goodEnough && untried.comparison == nil)
    }

    @Test("What f liars tell neither takes a change back nor keeps one")
    func liars() throws {
        let good: [UInt32?] = [60_000, 60_000, 60_000, 60_000, 90_000]
        for liar in 0..<5 {
            var told = good
            told[liar] = 3_000_000_000
            #expect(try trial(took: told).reason == .goodEnough)
            told = slow
            told[liar] = 1
            #expect(try trial(took: told).reason == .unpaid)
        }
    }

    @Test("Where too few tell, before or after, nothing is concluded")
    func tooFew() throws {
        var told = slow
        told[1] = nil
        #expect(try trial(took: told).reason == .unpaid)
        told[2] = nil
        #expect(try trial(took: told).reason == .goodEnough)
        #expect(try trial(took: slow, before: [nil, 1, 1, nil, 1]).reason == .goodEnough)
    }

    @Test("Where the links explain it, the change was not at fault")
    func explained() throws {
        // All links are four times as long now.
        let links = Self.regions.map { row in row.map { $0 * 4 } }
        let took: [UInt32?] = [350_000, 350_000, 350_000, 400_000, 360_000]
        let outcome = try trial(took: took, predicted: 4_000_000, links: links)
        #expect(outcome.reason == .goodEnough && outcome.comparison != nil)
    }

    @Test("Nobody goes back to what has become worse itself, but what does not pay is left")
    func worseBefore() throws {
        let outcome = try trial(took: slow, predicted: 50_000)
        #expect(outcome.reason == .unpaid)
        #expect(
            outcome.heavy != ReplicaSet([0, 4].map { ReplicaIndex($0) }) || outcome.leaderOrder.first != ReplicaIndex(4)
        )
    }

    @Test("Of another regency nothing is concluded; in the present one it is, whoever was replaced before")
    func otherRegency() throws {
        #expect(try trial(took: slow, excluded: [2]).reason == .unpaid)
        let other = try trial(took: slow, regency: .first.next)
        #expect(other.comparison == nil && other.decided == [nil, nil, nil, nil, nil] && other.reason != .unpaid)
    }

    // MARK: What a leader says of its links

    /// Three of seven make a quorum; all links are 20 ms long, and ⟨2; 1, 2⟩ was before ⟨0; 0, 1⟩.
    private func seven(took: UInt32, leaders row: (Int) -> LinkLatency?) throws -> CalculationOutcome {
        let members = (0..<7).map { place in
            Member(
                id: id(place), key: PublicKey(words: Words32(UInt64(place), 1, 1, 1)), host: "h", port: 1 + place,
                isHeavy: place < 2)
        }
        let view = try View(
            group: .zero, number: ViewNumber(3), faultModel: .byzantine, f: 1, members: members,
            leaderOrder: members.map(\.id), settings: GroupSettings())
        var experience = Experience()
        experience.former = FormerAssignment(
            leader: id(2), heavy: [id(1), id(2)], predicted: 60_000,
            decided: (0..<7).map { FormerAssignment.MemberTime(replica: id($0), microseconds: 60_000) })
        experience.changed = Instance(4_700)
        let reports = (0..<7).map { place in
            let honest = (0..<7).map { $0 == place ? LinkLatency.zero : LinkLatency(20_000) }
            let proposals = place == 0 ? honest.enumerated().map { row($0) ?? $1 } : honest
            return LatencyReport(
                proposals: proposals, votes: honest, took: LinkLatency(place == 0 ? took + 20_000 : took),
                regency: .first)
        }
        return Calculation.outcome(
            of: CalculationInput(
                view: ViewNumber(3), instance: Instance(5_000), leader: id(0), excluded: [], reports: reports,
                experience: experience), in: view)
    }

    @Test("A leader that calls its links long makes nobody seem to decide late")
    func inflated() throws {
        let honest = try seven(took: 30_000) { _ in nil }
        #expect(honest.comparison?.worse == 0 && honest.reason != .unpaid)
        let lie = try seven(took: 30_000) { $0 > 2 ? LinkLatency(3_000_000) : nil }
        #expect(lie.comparison == honest.comparison && lie.decided == honest.decided && lie.reason != .unpaid)
    }

    @Test("A leader that calls its links missing, or short, does not keep the others from being heard")
    func unspoken() throws {
        #expect(try seven(took: 300_000) { _ in nil }.reason == .unpaid)
        #expect(try seven(took: 300_000) { $0 > 2 ? .missing : nil }.reason == .unpaid)
        for took in [52_000, 60_000, 300_000] as [UInt32] {
            #expect(try seven(took: took) { _ in nil }.reason == .unpaid)
            #expect(try seven(took: took) { $0 > 0 ? LinkLatency(1) : nil }.reason == .unpaid)
        }
    }

    @Test("Who calls a link of what was before long does not keep what does not pay")
    func backCalledLong() throws {
        var links = Self.regions
        for far in [0, 2, 3] {
            links[1][far] = 300_000
            links[far][1] = 300_000
        }
        #expect(try trial(took: slow, links: links).reason == .unpaid)
    }

    @Test("If what was before has become suspect, the best of the rest is taken")
    func formerIsSuspect() throws {
        var experience = suspecting([1])
        experience.former = FormerAssignment(
            leader: id(0), heavy: [id(0), id(1)], predicted: 200_000,
            decided: (0..<5).map { FormerAssignment.MemberTime(replica: id($0), microseconds: 150_000) })
        let outcome = Calculation.outcome(
            of: input(leader: 4, base: 4_700, took: slow, experience), in: try view(leader: 4, heavy: [0, 4]))
        #expect(outcome.reason == .unpaid)
        #expect(!outcome.heavy.contains(ReplicaIndex(1)))
        #expect(
            outcome.heavy != ReplicaSet([0, 4].map { ReplicaIndex($0) }) || outcome.leaderOrder.first != ReplicaIndex(4)
        )
    }
}
