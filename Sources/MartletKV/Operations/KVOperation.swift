// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes

/// What a client may ask of the key-value service. Keys are ordered as strings of unsigned bytes.
public enum KVOperation: Hashable, Sendable {
    /// Gives `KVResult.value`.
    case get(key: Bytes)
    /// Gives `KVResult.done`.
    case put(key: Bytes, value: Bytes)
    /// Gives `KVResult.deleted`, also when there was nothing to delete.
    case delete(key: Bytes)
    /// Replaces the value, if it is the expected one; nil stands for an absent key on either side, so that this also
    /// creates and deletes. Gives `KVResult.swapped` or `KVResult.mismatch`.
    case compareAndSwap(key: Bytes, expected: Bytes?, replacement: Bytes?)
    /// Adds to a 64-bit signed integer, stored as decimal digits; an absent key counts as 0. Gives `KVResult.integer`,
    /// or `KVResult.refused` and no change when the value is no such integer or the sum is out of range.
    case increment(key: Bytes, delta: Int64)
    /// Gives `KVResult.page`.
    case scan(KVScan)
    /// Executes the operations one after the other, each seeing what the earlier ones did, and gives `KVResult.batch`
    /// with a result for each. At the first that fails, all that was done is undone, nothing else is tried, and the
    /// result is `KVResult.batchRefused` with the place of that one. An operation fails whose result alone would be
    /// `mismatch` or `refused`. A batch in a batch is refused.
    case batch([KVOperation])
}

/// The keys from one on in ascending order, up to another, so many at most.
public struct KVScan: Hashable, Sendable {
    /// The first key that may be found; empty: from the beginning.
    public let from: Bytes
    /// The first key that is not found any more; nil: to the end.
    public let to: Bytes?
    /// The most items, 1 to `KVLimits.scanItemsMax`. Fewer are found also when they would be too many bytes.
    public let limit: Int

    public init(from: Bytes = [], to: Bytes? = nil, limit: Int) {
        self.from = from
        self.to = to
        self.limit = limit
    }
}

extension KVOperation {
    /// Which limit the operation oversteps; nil when it may be executed. In a batch, the first that does.
    public var violation: KVRefusal? {
        switch self {
        case .get(let key), .delete(let key), .increment(let key, _): Self.violation(key: key)
        case .put(let key, let value): Self.violation(key: key, values: value)
        case .compareAndSwap(let key, let expected, let replacement):
            Self.violation(key: key, values: expected, replacement)
        case .scan(let scan): scan.violation
        case .batch(let operations): Self.violation(batch: operations)
        }
    }

    /// The operation changes nothing and may be asked without ordering.
    public var isRead: Bool {
        switch self {
        case .get, .scan: true
        default: false
        }
    }

    private static func violation(key: Bytes, values: Bytes?...) -> KVRefusal? {
        guard (1...KVLimits.keyBytesMax).contains(key.count) else { return .keyLength }
        return values.allSatisfy { ($0?.count ?? 0) <= KVLimits.valueBytesMax } ? nil : .valueLength
    }

    private static func violation(batch: [KVOperation]) -> KVRefusal? {
        guard batch.count <= KVLimits.batchOperationsMax else { return .batchLength }
        for operation in batch {
            if case .batch = operation { return .nestedBatch }
            if let violation = operation.violation { return violation }
        }
        return nil
    }
}

extension KVScan {
    var violation: KVRefusal? {
        guard from.count <= KVLimits.keyBytesMax, (to?.count ?? 0) <= KVLimits.keyBytesMax else { return .keyLength }
        return (1...KVLimits.scanItemsMax).contains(limit) ? nil : .scanLimit
    }
}
