// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Troubled links")
struct LinkTroubleTests {
    private static let heals = Instant.zero + .seconds(1)
    private static let everyone = NodeSet([0, 1, 2])

    private static func network(
        _ kind: LinkFault.Kind, messages: [MessageKind]? = nil, end: Instant = heals,
        _ change: (inout LinkModel) -> Void = { _ in }
    ) -> SimulatedNetwork {
        var model = LinkModel()
        change(&model)
        let fault = LinkFault(
            from: NodeSet([0]), to: NodeSet([1]), begin: .zero, end: end, kind: kind, messages: messages)
        return SimulatedNetwork(model: model, faults: [fault], healsAt: heals, random: SeededRandom(seed: 3))
    }

    private static func at(_ milliseconds: UInt64) -> Instant { .zero + .milliseconds(milliseconds) }

    @Test(
        "A clogged link holds what it carries and lets it go in a burst, at the latest when the network heals",
        arguments: [at(300), .distantFuture])
    func clog(end: Instant) {
        let released = min(end, Self.heals)
        var network = Self.network(.clog, end: end)
        for step in 0..<100 as Range<UInt64> {
            let arrival = network.arrivals(of: .write, from: 0, to: 1, at: Self.at(step)).0 ?? .zero
            #expect(arrival >= released && arrival <= released + .microseconds(50))
        }
        let back = network.arrivals(of: .write, from: 1, to: 0, at: .zero).0 ?? .distantFuture
        #expect(back < released && network.counts.clogged == 100)
    }

    @Test("A lossy link loses about its share, a slow one takes its time")
    func lossyAndSlow() {
        var lossy = Self.network(.lossy(permille: 300))
        var lost = 0
        for _ in 0..<5_000 {
            if lossy.arrivals(of: .write, from: 0, to: 1, at: .zero).0 == nil { lost += 1 }
        }
        #expect((1_300...1_700).contains(lost))
        var slow = Self.network(.slow(by: .milliseconds(40)))
        let late = slow.arrivals(of: .write, from: 0, to: 1, at: .zero).0 ?? .zero
        let other = slow.arrivals(of: .write, from: 2, to: 1, at: .zero).0 ?? .distantFuture
        #expect(late >= Self.at(40) && other < Self.at(2))
    }

    @Test("A fault may concern some kinds of message only")
    func kinds() {
        var network = Self.network(.cut, messages: [.stop, .accept])
        for kind in MessageKind.allCases {
            let isCut = network.arrivals(of: kind, from: 0, to: 1, at: .zero).0 == nil
            #expect(isCut == (kind == .stop || kind == .accept), "\(kind)")
        }
    }

    @Test(
        "Messages wait for a narrow link one after the other; a queue that is too long drops them until the network heals"
    )
    func bandwidth() {
        var network = Self.network(.cut, end: .zero) {
            $0.delaySpread = .zero
            $0.bytesPerSecond = 1_000
        }
        // A hundred bytes take a tenth of a second.
        var arrivals: [Instant?] = []
        for _ in 0..<4 { arrivals.append(network.arrivals(of: .write, bytes: 100, from: 0, to: 1, at: .zero).0) }
        #expect(arrivals[0] == .zero + .microseconds(100_200) && arrivals[1] == .zero + .microseconds(200_200))
        #expect(arrivals[2] == .zero + .microseconds(300_200) && arrivals[3] == nil)
        // The other way is another link.
        #expect(network.arrivals(of: .write, bytes: 100, from: 1, to: 0, at: .zero).0 == .zero + .microseconds(100_200))
        for _ in 0..<20 { #expect(network.arrivals(of: .write, bytes: 100, from: 0, to: 1, at: Self.heals).0 != nil) }
        #expect(network.counts.overflowed == 1 && network.counts.queued > 2)
    }

    @Test("Where a matrix says how far nodes are, a message takes that long and its jitter")
    func matrix() {
        let matrix = LatencyMatrix.fiveRegions
        var model = LinkModel()
        model.delayMin = .zero
        model.delaySpread = .zero
        model.jitterPermille = 100
        var network = SimulatedNetwork(
            model: model, matrix: matrix, placement: [4, 2], faults: [], healsAt: .zero, random: SeededRandom(seed: 1))
        var longest = Interval.zero
        for _ in 0..<200 {
            let delay = network.arrivals(of: .write, from: 0, to: 1, at: .zero).0?.since(.zero) ?? .zero
            #expect(delay >= .milliseconds(135) && delay <= .microseconds(148_500))
            longest = max(longest, delay)
        }
        #expect(longest > .milliseconds(146))
    }
}
