// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Everything that can be fuzzed; a new decoder is added here.
enum FuzzTargets {
    static let all = wire + service + files + [frames] + protocolCore
}
