// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Doubly linked lists threaded through an array of slots: constant time at both ends and for removal in the middle, and
/// no allocation per element.
struct SlotLinks: Sendable {
    var previous: Int32 = -1
    var next: Int32 = -1
}

struct SlotList: Sendable {
    private(set) var head: Int32 = -1
    private(set) var tail: Int32 = -1
    private(set) var count = 0

    var isEmpty: Bool { head < 0 }

    mutating func append(_ slot: Int, links: inout [SlotLinks]) {
        links[slot] = SlotLinks(previous: tail, next: -1)
        if tail >= 0 { links[Int(tail)].next = Int32(slot) } else { head = Int32(slot) }
        tail = Int32(slot)
        count += 1
    }

    mutating func remove(_ slot: Int, links: inout [SlotLinks]) {
        let link = links[slot]
        if link.previous >= 0 { links[Int(link.previous)].next = link.next } else { head = link.next }
        if link.next >= 0 { links[Int(link.next)].previous = link.previous } else { tail = link.previous }
        links[slot] = SlotLinks()
        count -= 1
    }

    var first: Int? { head < 0 ? nil : Int(head) }
    var last: Int? { tail < 0 ? nil : Int(tail) }

    func next(after slot: Int, links: [SlotLinks]) -> Int? {
        let next = links[slot].next
        return next < 0 ? nil : Int(next)
    }
}
