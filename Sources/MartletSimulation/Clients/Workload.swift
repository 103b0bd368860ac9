// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Draws the operations of one client. Every value it writes is unique in the world.
package struct Workload: Sendable {
    private let client: Int
    private let readPermille: Int
    private let keys: Int
    private var random: SeededRandom
    private var drawn: UInt64 = 0

    package init(client: Int, readPermille: Int, keys: Int, random: SeededRandom) {
        self.client = client
        self.readPermille = readPermille
        self.keys = keys
        self.random = random
    }

    package mutating func next() -> Operation {
        drawn += 1
        // Low keys are asked for more often, so that clients meet.
        let key = min(random.below(keys), random.below(keys))
        if random.chance(permille: readPermille) { return .get(key: key) }
        let unique = UInt64(client + 1) << 40 | drawn << 8
        switch random.below(10) {
        case 0..<7: return .put(key: key, value: unique)
        case 7..<9: return .add(key: key, amount: unique)
        default: return .delete(key: key)
        }
    }
}
