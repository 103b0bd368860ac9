// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Decides when, how often and whether a message arrives. Knows nothing of what it says. From `healsAt` on nothing is
/// lost any more and every delay is within the model's bounds; duplicates and reordering stay.
package struct SimulatedNetwork: Sendable {
    package let model: LinkModel
    package let faults: [LinkFault]
    package let healsAt: Instant
    private var random: SeededRandom

    package private(set) var sent = 0
    package private(set) var lost = 0
    package private(set) var cut = 0
    package private(set) var duplicated = 0

    package init(model: LinkModel, faults: [LinkFault], healsAt: Instant, random: SeededRandom) {
        self.model = model
        self.faults = faults
        self.healsAt = healsAt
        self.random = random
    }

    /// When a message that leaves now arrives: never, once or twice.
    package mutating func arrivals(from sender: Int, to receiver: Int, at now: Instant) -> (Instant?, Instant?) {
        sent += 1
        if now < healsAt {
            if faults.contains(where: { $0.cuts(from: sender, to: receiver, at: now) }) {
                cut += 1
                return (nil, nil)
            }
            if model.lossPermille > 0, random.chance(permille: model.lossPermille) {
                lost += 1
                return (nil, nil)
            }
        }
        let first = now + delay()
        guard model.duplicatePermille > 0, random.chance(permille: model.duplicatePermille) else { return (first, nil) }
        duplicated += 1
        return (first, now + delay())
    }

    private mutating func delay() -> Interval {
        var delay = model.delayMin
        if model.delaySpread > .zero { delay = delay + random.interval(upTo: model.delaySpread) }
        if model.slowPermille > 0, random.chance(permille: model.slowPermille) {
            delay = delay + random.interval(upTo: model.slowExtra)
        }
        return delay
    }
}

extension SeededRandom {
    package mutating func interval(upTo bound: Interval) -> Interval {
        Interval(nanoseconds: UInt64(below(Int(clamping: bound.nanoseconds) + 1)))
    }

    package mutating func instant(from begin: Instant, to end: Instant) -> Instant {
        begin + interval(upTo: end.since(begin))
    }
}
