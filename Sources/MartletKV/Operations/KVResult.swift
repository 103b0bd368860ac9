// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes

/// What an operation gave.
public enum KVResult: Hashable, Sendable {
    /// Of `get`: nil when the key is absent.
    case value(Bytes?)
    /// Of `put`.
    case done
    /// Of `delete`: whether the key was there.
    case deleted(existed: Bool)
    /// Of `compareAndSwap`.
    case swapped
    /// Of `compareAndSwap`: the value is not the expected one, nothing was changed.
    case mismatch(current: Bytes?)
    /// Of `increment`: the sum.
    case integer(Int64)
    /// Of `scan`.
    case page(KVPage)
    /// Of `batch`: everything was applied, with a result for each operation.
    case batch([KVResult])
    /// Of `batch`: nothing was applied, because of the operation at this place, counted from 0.
    case batchRefused(place: Int, reason: KVFailure)
    /// Nothing was changed.
    case refused(KVRefusal)

    /// Why the operation fails the batch in which it stands; nil when it does not.
    var failure: KVFailure? {
        switch self {
        case .mismatch(let current): .mismatch(current: current)
        case .refused(let refusal): .refused(refusal)
        default: nil
        }
    }
}

/// Why an operation in a batch failed.
public enum KVFailure: Hashable, Sendable {
    /// A `compareAndSwap` found this value (nil: none) where it expected another.
    case mismatch(current: Bytes?)
    case refused(KVRefusal)
}

/// Why an operation was not executed.
public enum KVRefusal: UInt8, Error, Hashable, Sendable, CaseIterable {
    /// The bytes are no operation.
    case malformed = 1
    /// A key is empty or longer than `KVLimits.keyBytesMax`.
    case keyLength = 2
    /// A value is longer than `KVLimits.valueBytesMax`.
    case valueLength = 3
    /// A scan's limit is 0 or above `KVLimits.scanItemsMax`.
    case scanLimit = 4
    /// A batch has more than `KVLimits.batchOperationsMax` operations.
    case batchLength = 5
    /// A batch holds a batch.
    case nestedBatch = 6
    /// The value to increment is not a 64-bit signed integer in decimal digits.
    case notAnInteger = 7
    /// The sum is not a 64-bit signed integer.
    case overflow = 8
    /// The results of a batch together are larger than `KVLimits.resultBytesMax`.
    case resultLength = 9
    /// The state would grow beyond `KVLimits.stateBytesMax`.
    case full = 10
    /// Asked as a read, but would change something.
    case notARead = 11
}

extension KVRefusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed: "the bytes are no operation"
        case .keyLength: "a key must have 1 to \(KVLimits.keyBytesMax) bytes"
        case .valueLength: "a value may have at most \(KVLimits.valueBytesMax) bytes"
        case .scanLimit: "a scan's limit must be from 1 to \(KVLimits.scanItemsMax)"
        case .batchLength: "a batch may have at most \(KVLimits.batchOperationsMax) operations"
        case .nestedBatch: "a batch cannot hold a batch"
        case .notAnInteger: "the value is not a 64-bit signed integer"
        case .overflow: "the sum is out of the range of 64-bit signed integers"
        case .resultLength: "the results together may have at most \(KVLimits.resultBytesMax) bytes"
        case .full: "the state may have at most \(KVLimits.stateBytesMax) bytes"
        case .notARead: "the operation may change the state and must be ordered"
        }
    }
}

/// A part of the map in ascending order of keys.
public struct KVPage: Hashable, Sendable {
    public struct Item: Hashable, Sendable {
        public let key: Bytes
        public let value: Bytes

        public init(key: Bytes, value: Bytes) {
            self.key = key
            self.value = value
        }
    }

    public let items: [Item]
    /// The first key in the scan's range that did not fit; the next scan goes on from it. Nil: that was all.
    public let next: Bytes?

    public init(items: [Item], next: Bytes?) {
        self.items = items
        self.next = next
    }
}
