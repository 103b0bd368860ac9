// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What `martlet power-cuts` does.
struct PowerCutParameters: Sendable {
    var seconds = 60
    var seed: UInt64 = 1
    /// Sessions with one operation outstanding each.
    var clients = 16
    /// How long the group may take to answer again after the last cut.
    var patience = Duration.seconds(60)
    /// All lose power each time.
    var cutsAll = false
    /// Syncs that do nothing: for the test that this test can fail.
    var hasLyingDisks = false
    /// Show what the replicas log.
    var tellsLog = false
}
