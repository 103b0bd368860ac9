// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The whole replicated state; a copy costs O(1) and is a snapshot.
struct KVState: Sendable {
    private(set) var entries = PersistentOrderedMap<KVKey, KVEntry>()
    /// The last instance that removed any key; 0: none yet. Stands for what is not there, see `KVState+Reading`.
    private(set) var lastDeletion = Instance.zero
    /// How many bytes the chunks of a snapshot have.
    private(set) var encodedBytes = KVSnapshot.headerBytes
    let encodedBytesMax: Int
    /// How its snapshots are cut.
    let chunking: KVChunking

    init(encodedBytesMax: Int, chunking: KVChunking) {
        self.encodedBytesMax = encodedBytesMax
        self.chunking = chunking
    }

    init(
        entries: PersistentOrderedMap<KVKey, KVEntry>, lastDeletion: Instance, encodedBytes: Int, encodedBytesMax: Int,
        chunking: KVChunking
    ) {
        self.entries = entries
        self.lastDeletion = lastDeletion
        self.encodedBytes = encodedBytes
        self.encodedBytesMax = encodedBytesMax
        self.chunking = chunking
    }

    /// All is as if it had been so before the first instance.
    mutating func forgetVersions() {
        var (keys, values): ([KVKey], [KVEntry]) = ([], [])
        keys.reserveCapacity(entries.count)
        values.reserveCapacity(entries.count)
        for (key, entry) in entries {
            keys.append(key)
            values.append(KVEntry(value: entry.value, version: .zero))
        }
        entries = PersistentOrderedMap(ascending: keys, values: values)
        lastDeletion = .zero
    }

    /// Executes an operation by order of an instance. A result that is a failure means that nothing was changed.
    mutating func apply(_ operation: KVOperation, at instance: Instance) -> KVResult {
        if case .batch(let operations) = operation { return apply(batch: operations, at: instance) }
        if let violation = operation.violation { return .refused(violation) }
        switch operation {
        case .get(let key): return .value(entries[KVKey(key)]?.value)
        case .put(let key, let value): return set(KVKey(key), to: value, at: instance, giving: .done)
        case .delete(let key): return .deleted(existed: remove(KVKey(key), at: instance))
        case .compareAndSwap(let key, let expected, let replacement):
            return swap(KVKey(key), expected: expected, replacement: replacement, at: instance)
        case .increment(let key, let delta): return add(delta, to: KVKey(key), at: instance)
        case .scan(let scan): return .page(page(of: scan).page)
        case .batch: return .refused(.nestedBatch)
        }
    }

    /// All or nothing: the copy made before costs O(1), and taking it back undoes everything.
    private mutating func apply(batch: [KVOperation], at instance: Instance) -> KVResult {
        guard batch.count <= KVLimits.batchOperationsMax else { return .refused(.batchLength) }
        let before = self
        var results: [KVResult] = []
        var bytes = 16
        for (place, operation) in batch.enumerated() {
            let result = isBatch(operation) ? .refused(.nestedBatch) : apply(operation, at: instance)
            bytes += result.encodedSizeHint
            let isTooLong = bytes > KVLimits.resultBytesMax
            if let failure = isTooLong ? .refused(.resultLength) : result.failure {
                self = before
                return .batchRefused(place: place, reason: failure)
            }
            results.append(result)
        }
        return .batch(results)
    }

    private func isBatch(_ operation: KVOperation) -> Bool {
        if case .batch = operation { true } else { false }
    }

    // MARK: - Single keys

    private mutating func set(
        _ key: KVKey, to value: Bytes, at instance: Instance, giving result: KVResult
    ) -> KVResult {
        let bytes = KVSnapshot.entryBytes(key: key, value: value)
        guard encodedBytes + bytes <= encodedBytesMax || hasRoom(for: bytes, at: key) else {
            return .refused(.full)
        }
        let former = entries.updateValue(KVEntry(value: value, version: instance), forKey: key)
        encodedBytes += bytes - (former.map { KVSnapshot.entryBytes(key: key, value: $0.value) } ?? 0)
        return result
    }

    /// Whether the key's entry may grow or shrink to so many bytes. Asked only when the state is nearly full.
    private func hasRoom(for bytes: Int, at key: KVKey) -> Bool {
        guard let former = entries[key] else { return false }
        return encodedBytes - KVSnapshot.entryBytes(key: key, value: former.value) + bytes <= encodedBytesMax
    }

    private mutating func remove(_ key: KVKey, at instance: Instance) -> Bool {
        guard let removed = entries.removeValue(forKey: key) else { return false }
        encodedBytes -= KVSnapshot.entryBytes(key: key, value: removed.value)
        lastDeletion = instance
        return true
    }

    private mutating func swap(
        _ key: KVKey, expected: Bytes?, replacement: Bytes?, at instance: Instance
    ) -> KVResult {
        let current = entries[key]?.value
        guard current == expected else { return .mismatch(current: current) }
        guard let replacement else {
            _ = remove(key, at: instance)
            return .swapped
        }
        return set(key, to: replacement, at: instance, giving: .swapped)
    }

    private mutating func add(_ delta: Int64, to key: KVKey, at instance: Instance) -> KVResult {
        guard let current = entries[key].map({ DecimalInteger.value(of: $0.value) }) ?? 0 else {
            return .refused(.notAnInteger)
        }
        let (sum, isOverflow) = current.addingReportingOverflow(delta)
        guard !isOverflow else { return .refused(.overflow) }
        return set(key, to: DecimalInteger.bytes(of: sum), at: instance, giving: .integer(sum))
    }
}
