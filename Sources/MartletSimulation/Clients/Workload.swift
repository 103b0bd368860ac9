// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Draws the operations of one client. Every value it writes is unique in the world.
package struct Workload: Sendable {
    private let client: Int
    private let readPermille: Int
    private let keys: Int
    private let flips: Bool
    private let severalPermille: Int
    private let putsOnly: Bool
    private var random: SeededRandom
    private var drawn: UInt64 = 0
    /// What this client last saw at each key, to swap for.
    private var seen: [UInt64?]

    /// With `flips`, the one key is put and deleted and nothing else, so that the same answer (nothing stands there) comes
    /// back after others again and again: only its version tells one from another.
    package init(
        client: Int, readPermille: Int, keys: Int, flips: Bool, severalPermille: Int = 0,
        putsOnly: Bool = false, random: SeededRandom
    ) {
        self.client = client
        self.flips = flips
        self.severalPermille = severalPermille
        self.putsOnly = putsOnly
        self.readPermille = readPermille
        self.keys = keys
        self.random = random
        seen = Array(repeating: nil, count: keys)
    }

    package mutating func next() -> Operation {
        drawn += 1
        if severalPermille > 0, random.chance(permille: severalPermille) { return several() }
        // Low keys are asked for more often, so that clients meet.
        let key = min(random.below(keys), random.below(keys))
        if random.chance(permille: readPermille) { return .get(key: key) }
        if flips {
            return drawn % 2 == 1 ? .put(key: key, value: unique) : .delete(key: key, mark: unique)
        }
        if putsOnly { return .put(key: key, value: unique) }
        switch random.below(10) {
        case 0..<6: return .put(key: key, value: unique)
        case 6..<8: return .add(key: key, amount: unique)
        case 8: return .swap(key: key, expected: seen[key], value: unique)
        default: return .delete(key: key, mark: unique)
        }
    }

    private var unique: UInt64 { UInt64(client + 1) << 40 | drawn << 8 }

    /// Of two keys or more, where there are as many.
    private mutating func several() -> Operation {
        let first = random.below(max(1, keys - 1))
        let last = random.number(in: min(first + 1, keys - 1)...(keys - 1))
        if random.chance(permille: 500) { return .scan(from: first, to: last + 1) }
        return .putAll(keys: first == last ? [first] : [first, last], value: unique)
    }

    package mutating func answered(_ operation: Operation, _ answer: ServiceAnswer) {
        switch (operation, answer) {
        case (.put(let key, let value), .done), (.swap(let key, _, let value), .done): seen[key] = value
        case (.delete(let key, _), .done): seen[key] = nil
        case (.putAll(let keys, let value), .done): for key in keys { seen[key] = value }
        case (.get(let key), .value(let value)), (.add(let key, _), .value(let value)),
            (.swap(let key, _, _), .mismatch(let value)):
            seen[key] = value
        case (.scan(let from, let to), .values(let values)): seen.replaceSubrange(from..<to, with: values)
        default: return
        }
    }
}
