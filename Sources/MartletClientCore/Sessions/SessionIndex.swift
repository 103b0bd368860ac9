// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Which handle a session's name belongs to: looked up for every reply, so a plain open-addressed table, which costs a
/// third of a dictionary. The names come from a quorum, so nobody can choose them to collide.
struct SessionIndex {
    private struct Entry {
        var session = SessionID.none
        var handle = SessionHandle(0)
    }

    /// A power of two, at most half full. `.none` marks a free place: no session has that name.
    private var entries: [Entry] = []
    private var count = 0

    subscript(session: SessionID) -> SessionHandle? {
        guard count > 0, session != .none else { return nil }
        var place = home(of: session)
        while entries[place].session != .none {
            if entries[place].session == session { return entries[place].handle }
            place = (place + 1) & (entries.count - 1)
        }
        return nil
    }

    /// The session must not be in the table.
    mutating func insert(_ session: SessionID, _ handle: SessionHandle) {
        precondition(session != .none)
        if 2 * (count + 1) > entries.count { grow() }
        place(Entry(session: session, handle: handle))
        count += 1
    }

    mutating func remove(_ session: SessionID) {
        guard self[session] != nil else { return }
        var hole = home(of: session)
        while entries[hole].session != session { hole = (hole + 1) & (entries.count - 1) }
        entries[hole] = Entry()
        count -= 1
        // Whoever was pushed on past the hole moves up again.
        var next = (hole + 1) & (entries.count - 1)
        while entries[next].session != .none {
            let moved = entries[next]
            entries[next] = Entry()
            place(moved)
            next = (next + 1) & (entries.count - 1)
        }
    }

    private func home(of session: SessionID) -> Int {
        let mixed = (session.instance.rawValue &* 0x9e37_79b9_7f4a_7c15) &+ UInt64(session.place)
        return Int(truncatingIfNeeded: (mixed ^ (mixed >> 32))) & (entries.count - 1)
    }

    private mutating func place(_ entry: Entry) {
        var place = home(of: entry.session)
        while entries[place].session != .none { place = (place + 1) & (entries.count - 1) }
        entries[place] = entry
    }

    private mutating func grow() {
        let old = entries
        entries = Array(repeating: Entry(), count: max(16, 2 * old.count))
        for entry in old where entry.session != .none { place(entry) }
    }
}
