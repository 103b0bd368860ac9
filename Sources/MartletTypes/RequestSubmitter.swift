// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Where a typed façade (such as the key-value client) hands in its operations.
public protocol RequestSubmitter: Sendable {
    /// Orders the operation and returns its result once enough replicas agree on it. An error may leave open whether it
    /// took effect.
    func submit(_ operation: Bytes) async throws -> Bytes
    /// Reads without ordering where the group allows it and enough replicas agree, ordered otherwise.
    func read(_ query: Bytes) async throws -> Bytes
}
