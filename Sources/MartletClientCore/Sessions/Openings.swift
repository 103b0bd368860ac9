// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Which openings are under way, and the client's increasing number for them (protocol §4). The group keeps the reply to
/// the latest opening only; so several at once are a bet that they are ordered as numbered. When it is lost, openings
/// go one by one.
struct Openings {
    private let base: UInt64
    private var start: Instant?
    private var last: UInt64 = 0
    private(set) var concurrentMax: Int
    /// How many in a row came too late: another process with the same key, whose clock is ahead, opens sessions too.
    private var stale = 0
    /// The highest number that a quorum has answered: replicas keep one opening a client and refuse lower ones.
    private var highestAnswered: SequenceNumber?
    /// Those sent, with the slot of each.
    private(set) var sent: [(number: SequenceNumber, slot: Int)] = []
    /// The sessions whose turn comes next.
    private var queue: [SessionHandle] = []
    private var queueHead = 0

    init(base: UInt64, concurrentMax: Int) {
        self.base = max(base, 1)
        self.concurrentMax = max(concurrentMax, 1)
    }

    mutating func enqueue(_ session: SessionHandle) { queue.append(session) }

    /// The next session to open, if another opening may be under way.
    mutating func takeNext() -> SessionHandle? {
        guard sent.count < concurrentMax, queueHead < queue.count else { return nil }
        defer {
            queueHead += 1
            if queueHead == queue.count {
                queue.removeAll(keepingCapacity: true)
                queueHead = 0
            }
        }
        return queue[queueHead]
    }

    /// A number higher than any before. After stale ones it leaps, farther each time.
    mutating func nextNumber(at now: Instant) -> SequenceNumber {
        let start = self.start ?? now
        self.start = start
        let leap: UInt64 = stale == 0 ? 0 : 1 << UInt64(min(stale + 9, 40))
        let number = max(last + 1, base + now.since(start).nanoseconds / 1_000) + leap
        precondition(number <= ReadNumber.openingMax, "opening numbers are used up")
        last = number
        return SequenceNumber(number)
    }

    mutating func began(_ number: SequenceNumber, slot: Int) { sent.append((number, slot)) }

    func slot(of number: SequenceNumber) -> Int? { sent.first { $0.number == number }?.slot }

    mutating func ended(_ number: SequenceNumber) { sent.removeAll { $0.number == number } }

    mutating func wasStale() {
        stale += 1
        concurrentMax = 1
    }

    mutating func succeeded(_ number: SequenceNumber) {
        stale = 0
        highestAnswered = max(highestAnswered ?? number, number)
    }

    /// Whether nobody who has not answered this opening yet will do so: a later one has taken its place.
    func isOvertaken(_ number: SequenceNumber) -> Bool { highestAnswered.map { $0 > number } ?? false }
}
