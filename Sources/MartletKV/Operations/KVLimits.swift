// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletWire

/// What the key-value service accepts at most. Equal at all replicas, since they decide results. Sizes are in bytes.
public enum KVLimits {
    /// A key has 1 to this many bytes; the bounds of a scan may be empty too.
    public static let keyBytesMax = 1024
    /// A value. The group's own `requestBytesMax` bounds the whole request and may be lower.
    public static let valueBytesMax = 1 << 20
    /// The items of one scan.
    public static let scanItemsMax = 1000
    /// The operations of one batch.
    public static let batchOperationsMax = 1024
    /// The keys and values of one scan, each with its length of four bytes: the largest item always fits.
    public static let scanBytesMax = keyBytesMax + valueBytesMax + 8
    /// An encoded result: a full scan with the key that follows it, and the frame around.
    public static let resultBytesMax = scanBytesMax + keyBytesMax + 64
    /// All chunks of a snapshot: no more of them than half of what a checkpoint may have. What a replica needs in memory is about twice
    /// what it really has: the state, and the newest checkpoint of it.
    public static let stateBytesMax = 8 << 30
}

/// The same for the decoders: how much they may believe. Whether a field's length is within `KVLimits` is asked
/// afterwards, so that whoever oversteps is told which limit it was.
enum KVWireLimits {
    static let fieldBytes = Limits.payloadBytes
    static let batchOperations = Limit("batchOperations", KVLimits.batchOperationsMax)
    static let batchResults = Limit("batchResults", KVLimits.batchOperationsMax)
    static let scanItems = Limit("scanItems", KVLimits.scanItemsMax)
    static let keyBytes = Limit("keyBytes", KVLimits.keyBytesMax)
    static let valueBytes = Limit("valueBytes", KVLimits.valueBytesMax)
}
