// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// One session as the client sees it: which sequences are awaited, and which calls wait to get one.
struct ClientSessionState {
    enum Phase: Hashable {
        case closed
        /// An opening waits for its turn or for its reply.
        case opening
        case open(SessionID)
    }

    var phase = Phase.closed
    /// The next sequence to be used.
    private(set) var next = SequenceNumber(1)
    /// The lowest sequence that is awaited; `next` when there is none.
    private(set) var lowest = SequenceNumber(1)
    /// The slots of the calls from `lowest` to `next`, at sequence modulo count; −1 for a finished one.
    private var slots: [Int] = []

    /// The list of waiting calls, first and last; −1 for none.
    var waitingHead = -1
    var waitingTail = -1

    /// Whether another sequence may be in flight (protocol §4: a replica remembers the last w only).
    func hasRoom(pipelineMax: Int) -> Bool { next.rawValue - lowest.rawValue < UInt64(pipelineMax) }

    mutating func begin(slot: Int) -> SequenceNumber {
        if next.rawValue - lowest.rawValue == UInt64(slots.count) { grow() }
        let sequence = next
        slots[place(of: sequence)] = slot
        next = next.next
        return sequence
    }

    /// The slot of the call that awaits this sequence.
    func slot(of sequence: SequenceNumber) -> Int? {
        guard sequence >= lowest, sequence < next else { return nil }
        let slot = slots[place(of: sequence)]
        return slot < 0 ? nil : slot
    }

    mutating func end(_ sequence: SequenceNumber) {
        slots[place(of: sequence)] = -1
        while lowest < next && slots[place(of: lowest)] < 0 { lowest = lowest.next }
    }

    /// The slots of all awaited calls, by ascending sequence; afterwards the session is closed and begins at 1 again.
    mutating func close() -> [Int] {
        var ended: [Int] = []
        while lowest < next {
            let slot = slots[place(of: lowest)]
            if slot >= 0 { ended.append(slot) }
            lowest = lowest.next
        }
        phase = .closed
        next = SequenceNumber(1)
        lowest = SequenceNumber(1)
        slots = []
        return ended
    }

    private func place(of sequence: SequenceNumber) -> Int {
        Int(truncatingIfNeeded: sequence.rawValue) & (slots.count - 1)
    }

    /// The count stays a power of two.
    private mutating func grow() {
        let old = slots
        slots = Array(repeating: -1, count: max(2, 2 * old.count))
        var sequence = lowest
        while sequence < next {
            slots[place(of: sequence)] = old[Int(truncatingIfNeeded: sequence.rawValue) & (old.count - 1)]
            sequence = sequence.next
        }
    }
}
