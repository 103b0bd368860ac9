// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

@testable import MartletKV

/// The service once more, as plainly as it can be said: a dictionary, sorted whenever order is asked for.
struct NaiveModel: Equatable {
    private(set) var values: [Bytes: Bytes] = [:]
    private(set) var versions: [Bytes: UInt64] = [:]
    private(set) var lastDeletion: UInt64 = 0

    mutating func execute(_ operation: KVOperation, at instance: UInt64) -> KVResult {
        switch operation {
        case .get(let key): return .value(values[key])
        case .put(let key, let value):
            set(key, value, instance)
            return .done
        case .delete(let key):
            let existed = values[key] != nil
            set(key, nil, instance)
            return .deleted(existed: existed)
        case .compareAndSwap(let key, let expected, let replacement):
            guard values[key] == expected else { return .mismatch(current: values[key]) }
            set(key, replacement, instance)
            return .swapped
        case .increment(let key, let delta):
            let text = String(decoding: values[key] ?? Array("0".utf8), as: UTF8.self)
            guard let value = Int64(text), String(value) == text else { return .refused(.notAnInteger) }
            set(key, Array(String(value + delta).utf8), instance)
            return .integer(value + delta)
        case .scan(let scan): return self.scan(scan)
        case .batch(let operations):
            var trial = self
            var results: [KVResult] = []
            for (place, operation) in operations.enumerated() {
                let result = trial.execute(operation, at: instance)
                if case .mismatch(let current) = result {
                    return .batchRefused(place: place, reason: .mismatch(current: current))
                }
                if case .refused(let refusal) = result {
                    return .batchRefused(place: place, reason: .refused(refusal))
                }
                results.append(result)
            }
            self = trial
            return .batch(results)
        }
    }

    private func scan(_ scan: KVScan) -> KVResult {
        guard (1...1000).contains(scan.limit) else { return .refused(.scanLimit) }
        let found = values.keys.sorted { $0.lexicographicallyPrecedes($1) }.filter { key in
            !key.lexicographicallyPrecedes(scan.from) && (scan.to.map { key.lexicographicallyPrecedes($0) } ?? true)
        }
        let items = found.prefix(scan.limit).map { KVPage.Item(key: $0, value: values[$0] ?? []) }
        return .page(KVPage(items: items, next: found.dropFirst(scan.limit).first))
    }

    private mutating func set(_ key: Bytes, _ value: Bytes?, _ instance: UInt64) {
        if value == nil, values[key] != nil { lastDeletion = instance }
        values[key] = value
        versions[key] = value == nil ? nil : instance
    }
}
