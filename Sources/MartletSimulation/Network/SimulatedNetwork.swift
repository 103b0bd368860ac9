// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Decides when, how often and whether a message arrives. Knows nothing of what it says but its kind and its size. From
/// `healsAt` on nothing is lost any more and every delay is within the model's bounds; duplicates and reordering stay.
package struct SimulatedNetwork: Sendable {
    package let model: LinkModel
    package let faults: [LinkFault]
    package let healsAt: Instant
    private let matrix: LatencyMatrix?
    /// The region of each node; of the nodes beyond its end, round and round.
    private let placement: [Int]
    private let faultsEnd: Instant
    /// When each link has sent what it has been given, by sender and receiver.
    private var freeAt: [Instant]
    private var random: SeededRandom

    package private(set) var counts = Counts()

    /// What befell messages.
    package struct Counts: Hashable, Sendable {
        package var sent = 0
        package var lost = 0
        package var cut = 0
        package var clogged = 0
        package var slowed = 0
        package var duplicated = 0
        package var queued = 0
        package var overflowed = 0
    }

    /// A link whose queue is longer than this drops what comes, until the network heals.
    package static let backlogMax = Interval.milliseconds(200)
    /// Within so long all that was held arrives.
    private static let burst = Interval.microseconds(50)

    package init(
        model: LinkModel, matrix: LatencyMatrix? = nil, placement: [Int] = [], faults: [LinkFault], healsAt: Instant,
        random: SeededRandom
    ) {
        self.model = model
        self.matrix = matrix
        self.placement = placement
        self.faults = faults
        self.healsAt = healsAt
        self.random = random
        faultsEnd = min(healsAt, faults.map(\.end).max() ?? .zero)
        freeAt = Array(
            repeating: .zero, count: model.bytesPerSecond > 0 ? NodeSet.nodesMax * NodeSet.nodesMax : 0)
    }

    /// When a message that leaves now arrives: never, once or twice.
    package mutating func arrivals(
        of kind: MessageKind, bytes: Int = 0, from sender: Int, to receiver: Int, at now: Instant
    ) -> (Instant?, Instant?) {
        counts.sent += 1
        var heldUntil = Instant.zero
        var extra = Interval.zero
        if now < faultsEnd {
            for fault in faults where fault.concerns(kind, from: sender, to: receiver, at: now) {
                guard passes(fault, &heldUntil, &extra) else { return (nil, nil) }
            }
        }
        if now < healsAt, model.lossPermille > 0, random.chance(permille: model.lossPermille) {
            counts.lost += 1
            return (nil, nil)
        }
        guard let leaves = leave(bytes, from: sender, to: receiver, at: now) else { return (nil, nil) }
        var first = leaves + delay(from: sender, to: receiver) + extra
        if heldUntil > first { first = heldUntil + random.interval(upTo: Self.burst) }
        guard model.duplicatePermille > 0, random.chance(permille: model.duplicatePermille) else { return (first, nil) }
        counts.duplicated += 1
        return (first, max(heldUntil, leaves) + delay(from: sender, to: receiver) + extra)
    }

    /// Whether a message gets through the fault, and what it costs it.
    private mutating func passes(_ fault: LinkFault, _ heldUntil: inout Instant, _ extra: inout Interval) -> Bool {
        switch fault.kind {
        case .cut:
            counts.cut += 1
            return false
        case .clog:
            counts.clogged += 1
            heldUntil = max(heldUntil, min(fault.end, healsAt))
        case .lossy(let permille):
            guard !random.chance(permille: permille) else {
                counts.lost += 1
                return false
            }
        case .slow(let by, let spread):
            counts.slowed += 1
            extra = extra + by
            if spread > .zero { extra = extra + random.interval(upTo: spread) }
        }
        return true
    }

    /// When the last byte is on its way; nil where the queue is full.
    private mutating func leave(_ bytes: Int, from sender: Int, to receiver: Int, at now: Instant) -> Instant? {
        guard model.bytesPerSecond > 0 else { return now }
        let link = sender * NodeSet.nodesMax + receiver
        let begin = max(now, freeAt[link])
        if begin > now { counts.queued += 1 }
        if now < healsAt, begin.since(now) > Self.backlogMax {
            counts.overflowed += 1
            return nil
        }
        let time = Interval(nanoseconds: UInt64(bytes) * 1_000_000_000 / UInt64(model.bytesPerSecond))
        freeAt[link] = begin + time
        return freeAt[link]
    }

    /// What any message from one node to the other takes at least.
    package func shortest(from sender: Int, to receiver: Int) -> Interval {
        guard let matrix else { return model.delayMin }
        return model.delayMin + matrix.delay(from: region(of: sender, matrix), to: region(of: receiver, matrix))
    }

    private mutating func delay(from sender: Int, to receiver: Int) -> Interval {
        var delay = model.delayMin
        if let matrix {
            let base = matrix.delay(from: region(of: sender, matrix), to: region(of: receiver, matrix))
            delay = delay + base
            if model.jitterPermille > 0 {
                delay = delay + random.interval(upTo: base * UInt64(model.jitterPermille) / 1_000)
            }
        }
        if model.delaySpread > .zero { delay = delay + random.interval(upTo: model.delaySpread) }
        if model.slowPermille > 0, random.chance(permille: model.slowPermille) {
            delay = delay + random.interval(upTo: model.slowExtra)
        }
        return delay
    }

    private func region(of node: Int, _ matrix: LatencyMatrix) -> Int {
        placement.isEmpty ? node % matrix.regions.count : placement[node % placement.count]
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
