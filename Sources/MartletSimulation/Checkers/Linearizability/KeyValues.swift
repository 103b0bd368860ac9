// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What an operation does to some keys, written once more for the judge of histories alone. Keys have places 0, 1, 2….
struct KeyValues: Hashable, Sendable {
    private(set) var values: [UInt64?]

    init(count: Int) { values = Array(repeating: nil, count: count) }

    /// The state afterwards; nil when the operation cannot have this outcome here. No outcome: any is as good.
    func after(_ operation: Operation, _ outcome: ServiceAnswer?, places: [Int: Int]) -> KeyValues? {
        func value(_ key: Int) -> UInt64? { places[key].flatMap { values[$0] } }
        var next = self
        func set(_ key: Int, _ value: UInt64?) { if let place = places[key] { next.values[place] = value } }
        let answer: ServiceAnswer
        switch operation {
        case .get(let key): answer = .value(value(key))
        case .scan(let from, let to): answer = .values((from..<to).map(value))
        case .put(let key, let new):
            set(key, new)
            answer = .done
        case .putAll(let keys, let new):
            for key in keys { set(key, new) }
            answer = .done
        case .delete(let key, _):
            set(key, nil)
            answer = .done
        case .add(let key, let amount):
            let sum = (value(key) ?? 0) &+ amount
            set(key, sum)
            answer = .value(sum)
        case .swap(let key, let expected, let new):
            if value(key) == expected {
                set(key, new)
                answer = .done
            } else {
                answer = .mismatch(value(key))
            }
        }
        return outcome == nil || outcome == answer ? next : nil
    }
}
