// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletOptimizer

/// Two liars of nine that report together (adaptation §3, §7).
@Suite("Reports of colluding liars")
struct ColludingReportsTests {
    private static let n = 9
    private static let seeds = 1...40 as ClosedRange<UInt64>
    private static let far: UInt32 = 3_000_000_000

    /// What the two say of a link, in place of what is true.
    private typealias Lie = (_ from: Int, _ to: Int, _ latency: UInt32) -> UInt32

    /// Nine places on a plane.
    private struct Sample {
        let links: [[UInt32]]
        let liars: [Int]
        let victim: Int
        let view: View

        init(seed: UInt64) throws {
            var random = SplitMix64(seed: seed)
            let places = (0..<n).map { _ in (random.below(100_000), random.below(100_000)) }
            links = places.map { from in
                places.map { to in
                    from == to ? 0 : UInt32(1_000 + abs(from.0 - to.0) + abs(from.1 - to.1))
                }
            }
            var order = Array(0..<n)
            for place in order.indices.dropLast() { order.swapAt(place, place + random.below(n - place)) }
            liars = Array(order.prefix(2))
            victim = order[2]
            let heavy = (0..<4).map { (order[4] + $0) % n }
            let members = (0..<n).map { place in
                Member(
                    id: ReplicaID(UInt16(10 + place)), key: PublicKey(words: Words32(UInt64(place), 1, 1, 1)),
                    host: "h", port: 1 + place, isHeavy: heavy.contains(place))
            }
            let first = heavy[0]
            view = try View(
                group: .zero, number: ViewNumber(3), faultModel: .byzantine, f: 2, members: members,
                leaderOrder: ([first] + (0..<n).filter { $0 != first }).map { members[$0].id },
                settings: GroupSettings())
        }

        func outcome(_ lie: Lie) -> CalculationOutcome {
            let reports = (0..<n).map { row -> LatencyReport? in
                let latencies = (0..<n).map { column in
                    let latency = links[row][column]
                    return LinkLatency(liars.contains(row) && row != column ? lie(row, column, latency) : latency)
                }
                return LatencyReport(proposals: latencies, votes: latencies)
            }
            return Calculation.outcome(
                of: CalculationInput(
                    view: view.number, instance: Instance(500), leader: view[view.leaderOrder[0]].id, excluded: [],
                    reports: reports), in: view)
        }

        /// What consensus really takes with what was chosen.
        func truth(_ outcome: CalculationOutcome) throws -> UInt64 {
            let links = matrix { _, _ in true }
            var predictor = RoundPredictor(rule: view.quorum, propose: links, vote: links)
            let leader = try #require(outcome.leaderOrder.first)
            return predictor.latency(of: WeightAssignment(leader: leader, heavy: outcome.heavy)).rawValue
        }

        /// The best that the others can do without the two.
        func bestWithout() throws -> UInt64 {
            let others = ReplicaSet((0..<n).filter { !liars.contains($0) }.map { ReplicaIndex($0) })
            let links = matrix { !liars.contains($0) && !liars.contains($1) }
            let optimizer = Optimizer(
                model: LatencyModel(rule: view.quorum, propose: links, vote: links), ids: view.members.map(\.id),
                mayLead: others, mayBeHeavy: others)
            return try #require(optimizer.search().best).latency.rawValue
        }

        private func matrix(_ isThere: (Int, Int) -> Bool) -> LinkLatencies {
            LinkLatencies(
                (0..<n).map { row in
                    (0..<n).map { isThere(row, $0) ? Latency(UInt64(links[row][$0])) : .missing }
                })
        }
    }

    @Test(
        "High ones, of all, of one member or of each other: it gets no slower than without the two, and no slower than predicted",
        arguments: 0..<3)
    func high(aim: Int) throws {
        for seed in Self.seeds {
            let sample = try Sample(seed: seed)
            let outcome = sample.outcome { _, to, latency in
                let isMeant = [true, to == sample.victim, sample.liars.contains(to)][aim]
                return isMeant ? Self.far : latency
            }
            let best = try #require(outcome.predictions.best)
            #expect(best <= (try sample.bestWithout()), "seed \(seed)")
            let current = try #require(outcome.predictions.current)
            #expect(try sample.truth(outcome) <= (outcome.isChange ? best : current), "seed \(seed)")
            if aim == 0, outcome.isChange {
                #expect(!sample.liars.contains(try #require(outcome.leaderOrder.first).position), "seed \(seed)")
            }
        }
    }

    @Test("Low ones change nothing but the link between the two, as if that alone were shorter")
    func low() throws {
        var gained = 0
        for seed in Self.seeds {
            let sample = try Sample(seed: seed)
            let honest = sample.outcome { $2 }
            let low = sample.outcome { _, _, _ in 0 }
            let between = sample.outcome { _, to, latency in sample.liars.contains(to) ? 0 : latency }
            #expect(low == between, "seed \(seed)")
            if low != honest { gained += 1 }
            // One alone gains nothing at all.
            let alone = sample.outcome { from, _, latency in from == sample.liars[0] ? 0 : latency }
            #expect(alone == honest, "seed \(seed)")
        }
        #expect(gained > 0, "otherwise this shows nothing")
    }
}
