// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What votes weigh and how much of it is a quorum, in the whole numbers of the quorum rule.
struct VotingWeights: Sendable {
    let light: UInt64
    let heavy: UInt64
    let quorum: UInt64

    /// WHEAT's (protocol §2).
    init(_ rule: QuorumRule) {
        light = rule.lightWeight.rawValue
        heavy = rule.heavyWeight.rawValue
        quorum = rule.quorumWeight.rawValue
    }

    /// All votes weigh the same, and so many are enough.
    init(equalCount: Int) {
        light = 1
        heavy = 1
        quorum = UInt64(equalCount)
    }
}

/// How many voters a quorum has, with the weights of one rule and with equal ones.
package struct QuorumSizes: Hashable, Sendable {
    /// The fewest voters that can be a quorum: the heaviest.
    package let smallest: Int
    /// The most voters that can be needed: the lightest.
    package let largest: Int
    /// With equal weights any so many: two quorums share f+1 members (`byzantine`), or one (`crash`).
    package let equal: Int

    package init(_ rule: QuorumRule) {
        let heavy = Array(repeating: rule.heavyWeight.rawValue, count: rule.heavyCount)
        let light = Array(repeating: rule.lightWeight.rawValue, count: rule.n - rule.heavyCount)
        smallest = Self.votersNeeded(heavy + light, for: rule.quorumWeight.rawValue)
        largest = Self.votersNeeded(light + heavy, for: rule.quorumWeight.rawValue)
        equal = (rule.faultModel == .byzantine ? rule.n + rule.f : rule.n) / 2 + 1
    }

    private static func votersNeeded(_ weights: [UInt64], for quorum: UInt64) -> Int {
        var sum: UInt64 = 0
        for (place, weight) in weights.enumerated() {
            sum += weight
            if sum >= quorum { return place + 1 }
        }
        preconditionFailure("all voters together are no quorum")
    }
}
