// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The version of this program.
enum Version {
    static let current = "0.1.0"
}
