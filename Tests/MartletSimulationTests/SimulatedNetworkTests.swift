// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Simulated network")
struct SimulatedNetworkTests {
    private static let heals = Instant.zero + .seconds(1)

    private static func network(_ change: (inout LinkModel) -> Void = { _ in }, faults: [LinkFault] = [])
        -> SimulatedNetwork
    {
        var model = LinkModel()
        change(&model)
        return SimulatedNetwork(model: model, faults: faults, healsAt: heals, random: SeededRandom(seed: 5))
    }

    @Test("Delays keep the model's bounds, and a spread reorders")
    func delays() {
        var network = Self.network { $0.delaySpread = .milliseconds(2) }
        var last = Instant.zero
        var reordered = 0
        for step in 0..<1_000 {
            let now = Instant.zero + .microseconds(UInt64(step))
            guard let arrival = network.arrivals(of: .write, from: 0, to: 1, at: now).0 else {
                Issue.record("lost without loss")
                return
            }
            let delay = arrival.since(now)
            #expect(delay >= .microseconds(200) && delay <= .microseconds(2_200))
            if arrival < last { reordered += 1 }
            last = arrival
        }
        #expect(reordered > 100)
    }

    @Test("Messages get lost and doubled about as often as the model says, and none is lost after healing")
    func loss() {
        var network = Self.network {
            $0.lossPermille = 100
            $0.duplicatePermille = 200
        }
        var lost = 0
        var doubled = 0
        for _ in 0..<5_000 {
            let (first, second) = network.arrivals(of: .write, from: 0, to: 1, at: .zero)
            if first == nil { lost += 1 }
            if second != nil { doubled += 1 }
        }
        #expect((400...600).contains(lost) && (700...1_100).contains(doubled))
        #expect(network.counts.lost == lost && network.counts.duplicated == doubled)
        for _ in 0..<2_000 { #expect(network.arrivals(of: .write, from: 0, to: 1, at: Self.heals).0 != nil) }
    }

    @Test("A one-way cut lasts as long as it says, and cuts one way")
    func cuts() {
        let fault = LinkFault(
            from: NodeSet([0, 3]), to: NodeSet([1]), begin: Instant(100), end: Instant(200))
        var network = Self.network(faults: [fault])
        #expect(network.arrivals(of: .write, from: 0, to: 1, at: Instant(99)).0 != nil)
        #expect(network.arrivals(of: .write, from: 0, to: 1, at: Instant(100)).0 == nil)
        #expect(network.arrivals(of: .write, from: 3, to: 1, at: Instant(199)).0 == nil)
        #expect(network.arrivals(of: .write, from: 2, to: 1, at: Instant(150)).0 != nil)
        #expect(network.arrivals(of: .write, from: 1, to: 0, at: Instant(150)).0 != nil)
        #expect(network.arrivals(of: .write, from: 0, to: 1, at: Instant(200)).0 != nil)
        #expect(network.counts.cut == 2)
    }

    @Test("A cut that outlives the healing ends with it")
    func healing() {
        let fault = LinkFault(from: NodeSet([0]), to: NodeSet([1]), begin: .zero, end: .distantFuture)
        var network = Self.network(faults: [fault])
        #expect(network.arrivals(of: .write, from: 0, to: 1, at: .zero).0 == nil)
        #expect(network.arrivals(of: .write, from: 0, to: 1, at: Self.heals).0 != nil)
    }
}
