// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// At most one time per key, the earliest on top; keys are small integers. A binary heap that knows where each key is,
/// so that a finished call leaves nothing behind. A time later than all others, the usual case, is set in O(1).
struct TimerHeap {
    private struct Entry {
        var time: Instant
        var key: Int
    }

    private var entries: [Entry] = []
    /// By key; −1 where no time is set.
    private var places: [Int] = []

    var earliest: Instant? { entries.first?.time }

    func isSet(_ key: Int) -> Bool { key < places.count && places[key] >= 0 }

    mutating func set(_ key: Int, at time: Instant) {
        while places.count <= key { places.append(-1) }
        let place = places[key]
        if place < 0 {
            entries.append(Entry(time: time, key: key))
            places[key] = entries.count - 1
            rise(entries.count - 1)
        } else {
            entries[place].time = time
            rise(place)
            sink(places[key])
        }
    }

    mutating func remove(_ key: Int) {
        guard isSet(key) else { return }
        let place = places[key]
        places[key] = -1
        let last = entries.removeLast()
        guard last.key != key else { return }
        entries[place] = last
        places[last.key] = place
        rise(place)
        sink(places[last.key])
    }

    /// Takes the key with the earliest time, if that is not after `now`.
    mutating func takeDue(at now: Instant) -> Int? {
        guard let top = entries.first, top.time <= now else { return nil }
        remove(top.key)
        return top.key
    }

    private mutating func rise(_ start: Int) {
        var place = start
        let entry = entries[place]
        while place > 0 {
            let parent = (place - 1) / 2
            guard entry.time < entries[parent].time else { break }
            entries[place] = entries[parent]
            places[entries[place].key] = place
            place = parent
        }
        entries[place] = entry
        places[entry.key] = place
    }

    private mutating func sink(_ start: Int) {
        var place = start
        let entry = entries[place]
        while true {
            var child = 2 * place + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count && entries[child + 1].time < entries[child].time { child += 1 }
            guard entries[child].time < entry.time else { break }
            entries[place] = entries[child]
            places[entries[place].key] = place
            place = child
        }
        entries[place] = entry
        places[entry.key] = place
    }
}
