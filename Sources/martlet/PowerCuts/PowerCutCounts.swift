// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation

/// What was cut, and what went with it.
struct PowerCutCounts: Hashable, Sendable {
    /// How many cuts there were of one replica alone, of some at once, and of all.
    var ofOne = 0
    var ofSome = 0
    var ofAll = 0
    /// How many replicas were killed, those included that were killed again as they came back.
    var kills = 0
    var killsOfReturning = 0
    /// What had not been synced, as far as the replicas that came back tell, and how many logs or snapshots it was of.
    var loss = VolatileLoss()
    var losers = 0

    var cuts: Int { ofOne + ofSome + ofAll }
}
