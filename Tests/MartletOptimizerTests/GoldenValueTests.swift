// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletOptimizer

/// What was published for five regions, n = 5, f = 1, Δ = 1 (Berger et al., AWARE, SRDS'19, §V).
@Suite struct GoldenValueTests {
    @Test(arguments: [
        (WeightAssignment(0, 1), 143_520), (WeightAssignment(0, 4), 143_520), (WeightAssignment(1, 0), 143_520),
        (WeightAssignment(1, 4), 143_520), (WeightAssignment(4, 0), 143_520), (WeightAssignment(4, 1), 143_520),
        (WeightAssignment(3, 4), 197_730), (WeightAssignment(2, 1), 267_310),
    ])
    func consensusTakesAsLongAsPublished(assignment: WeightAssignment, published: Int) {
        var predictor = RoundPredictor(rule: FiveRegions.rule, propose: FiveRegions.links, vote: FiveRegions.links)
        // Published in hundredths of a millisecond.
        #expect((Int(predictor.latency(of: assignment).rawValue) + 5) / 10 * 10 == published)
    }

    @Test func sixOfTwentyAreBest() throws {
        let ranking = ExhaustiveSearch.ranking(
            FiveRegions.model, WeightAssignments(rule: FiveRegions.rule), ids: FiveRegions.ids)
        #expect(ranking.count == 20)
        let best: Set = [
            WeightAssignment(0, 1), WeightAssignment(0, 4), WeightAssignment(1, 0), WeightAssignment(1, 4),
            WeightAssignment(4, 0), WeightAssignment(4, 1),
        ]
        #expect(Set(ranking.filter { $0.latency == ranking[0].latency }.map(\.assignment)) == best)
        #expect(ranking[0].assignment == WeightAssignment(0, 1))
        #expect(ranking.last?.assignment.leader == ReplicaIndex(2))
    }

    @Test func withEqualWeightsVirginiaLeadsBest() throws {
        var predictor = RoundPredictor.withEqualWeights(
            rule: FiveRegions.rule, propose: FiveRegions.links, vote: FiveRegions.links)
        let latencies = (0..<5).map { Int(predictor.latency(of: WeightAssignment($0)).rawValue) }
        #expect(latencies.firstIndex(of: latencies.min() ?? 0) == 4)
        // Published as 203.5 ms.
        #expect((latencies[4] + 50) / 100 * 100 == 203_500)
        #expect(QuorumSizes(FiveRegions.rule).equal == 4)
    }

    /// Without any waiting, with a client beside each replica; in tenths of a millisecond.
    @Test(arguments: [
        (WeightAssignment(4, 0), ClientModel.Replies.weakCertificate, ClientModel.Window.many, 2_542),
        (WeightAssignment(4, 0), .quorum, .many, 2_914), (WeightAssignment(4, 0), .tentativeQuorum, .many, 2_223),
        (WeightAssignment(2, 1), .weakCertificate, .many, 3_920),
        // The published measurement of it is 359.78 ms, and of the worst 589.56 ms.
        (WeightAssignment(4, 0), .quorum, .one, 3_632), (WeightAssignment(2, 1), .quorum, .one, 5_944),
    ])
    func clientsWait(
        assignment: WeightAssignment, replies: ClientModel.Replies, window: ClientModel.Window, expected: Int
    ) {
        var predictor = ClientPredictor(
            rule: FiveRegions.rule, propose: FiveRegions.links, vote: FiveRegions.links,
            clients: FiveRegions.clients(replies, window))
        #expect((Int(predictor.latency(of: assignment).rawValue) + 50) / 100 == expected)
    }

    @Test func readsTakeTheRoundTripsToAQuorum() {
        var sum: UInt64 = 0
        for replica in 0..<5 {
            let place = ClientPlace(beside: ReplicaIndex(replica), FiveRegions.links)
            let heavy = WeightAssignment(4, 0).heavy
            sum += ClientPredictor.readLatency(at: place, rule: FiveRegions.rule, heavy: heavy).rawValue
        }
        #expect(sum / 5 == 147_200)
    }
}
