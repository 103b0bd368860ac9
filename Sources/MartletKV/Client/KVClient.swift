// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes

/// The key-value service as its users see it: linearizable reads and writes of bytes under bytes.
///
/// Keys have 1 to `KVLimits.keyBytesMax` bytes, values up to `KVLimits.valueBytesMax`. Every call throws `KVError` when it
/// is refused, having changed nothing, or what the submitter throws: `ClientError.failed` when the operation never took
/// effect, `ClientError.outcomeUnknown` when it may have been executed nevertheless.
public struct KVClient: Sendable {
    private let submitter: any RequestSubmitter

    public init(_ submitter: any RequestSubmitter) { self.submitter = submitter }

    /// The value of a key, nil when it is absent.
    public func get(_ key: Bytes) async throws -> Bytes? {
        guard case .value(let value) = try await result(of: .get(key: key)) else { throw KVError.unexpectedResult }
        return value
    }

    /// Sets the value of a key, whether or not it was there.
    public func put(_ key: Bytes, _ value: Bytes) async throws {
        guard case .done = try await result(of: .put(key: key, value: value)) else { throw KVError.unexpectedResult }
    }

    /// Returns whether the key was there.
    @discardableResult
    public func delete(_ key: Bytes) async throws -> Bool {
        guard case .deleted(let existed) = try await result(of: .delete(key: key)) else {
            throw KVError.unexpectedResult
        }
        return existed
    }

    /// Replaces the value if it is the expected one; nil stands for an absent key on either side.
    public func compareAndSwap(_ key: Bytes, expected: Bytes?, replacement: Bytes?) async throws -> KVSwapOutcome {
        switch try await result(of: .compareAndSwap(key: key, expected: expected, replacement: replacement)) {
        case .swapped: return .swapped
        case .mismatch(let current): return .mismatch(current: current)
        default: throw KVError.unexpectedResult
        }
    }

    /// Adds to an integer in decimal digits, an absent key counting as 0, and returns the sum. Refused when the value is
    /// no such integer or the sum would not be a 64-bit one.
    @discardableResult
    public func increment(_ key: Bytes, by delta: Int64 = 1) async throws -> Int64 {
        guard case .integer(let sum) = try await result(of: .increment(key: key, delta: delta)) else {
            throw KVError.unexpectedResult
        }
        return sum
    }

    /// The items from a key on, up to but without another, in ascending order of their bytes; at most `limit` items, from
    /// 1 to `KVLimits.scanItemsMax`, and `KVLimits.scanBytesMax` bytes. Go on from the page's `next`: each page is a read
    /// of its own, so writes may come between two.
    public func scan(
        from: Bytes = [], to: Bytes? = nil, limit: Int = KVLimits.scanItemsMax
    ) async throws -> KVPage {
        guard case .page(let page) = try await result(of: .scan(KVScan(from: from, to: to, limit: limit))) else {
            throw KVError.unexpectedResult
        }
        return page
    }

    /// Executes several operations as one, all or none of them; at most `KVLimits.batchOperationsMax`.
    public func batch(_ operations: [KVOperation]) async throws -> KVBatchOutcome {
        switch try await result(of: .batch(operations)) {
        case .batch(let results) where results.count == operations.count: return .applied(results)
        case .batchRefused(let place, let reason): return .refused(place: place, reason: reason)
        default: throw KVError.unexpectedResult
        }
    }

    private func result(of operation: KVOperation) async throws -> KVResult {
        if let violation = operation.violation { throw KVError.refused(violation) }
        let payload = operation.payload
        let bytes = try await operation.isRead ? submitter.read(payload) : submitter.submit(payload)
        let result = try KVResult(payload: bytes)
        if case .refused(let refusal) = result { throw KVError.refused(refusal) }
        return result
    }
}

/// What became of a compare-and-swap.
public enum KVSwapOutcome: Hashable, Sendable {
    case swapped
    /// Nothing was changed: the value is this one (nil: the key is absent).
    case mismatch(current: Bytes?)
}

/// What became of a batch.
public enum KVBatchOutcome: Hashable, Sendable {
    /// Everything was applied, with a result for each operation.
    case applied([KVResult])
    /// Nothing was applied, because of the operation at this place, counted from 0.
    case refused(place: Int, reason: KVFailure)
}
