// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation

/// One line of a history (docs/HISTORY.md).
struct HistoryRecord: Codable, Hashable {
    enum Kind: String, Codable {
        case call
        case `return`
    }

    struct OperationRecord: Codable, Hashable {
        var kind: String
        var key: Int?
        var keys: [Int]?
        var value: UInt64?
        var amount: UInt64?
        var expected: UInt64?
        var from: Int?
        var to: Int?
    }

    struct OutcomeRecord: Codable, Hashable {
        var kind: String
        var value: UInt64?
        var values: [UInt64?]?
    }

    var process: Int
    var type: Kind
    /// In nanoseconds.
    var time: UInt64
    var operation: OperationRecord?
    var outcome: OutcomeRecord?
}

extension HistoryRecord.OperationRecord {
    /// How many keys one scan may span: a judge looks at each of them.
    static let scanKeysMax = 65_536

    init(_ operation: Operation) {
        switch operation {
        case .get(let key): self.init(kind: "get", key: key)
        case .put(let key, let value): self.init(kind: "put", key: key, value: value)
        case .add(let key, let amount): self.init(kind: "add", key: key, amount: amount)
        case .delete(let key, let mark): self.init(kind: "delete", key: key, value: mark)
        case .swap(let key, let expected, let value):
            self.init(kind: "swap", key: key, value: value, expected: expected)
        case .scan(let from, let to): self.init(kind: "scan", from: from, to: to)
        case .putAll(let keys, let value): self.init(kind: "putAll", keys: keys, value: value)
        }
    }

    /// Nil where something is missing or unknown.
    var operation: Operation? {
        switch (kind, key) {
        case ("get", let key?): return .get(key: key)
        case ("put", let key?): return value.map { .put(key: key, value: $0) }
        case ("add", let key?): return amount.map { .add(key: key, amount: $0) }
        case ("delete", let key?): return .delete(key: key, mark: value ?? 0)
        case ("swap", let key?): return value.map { .swap(key: key, expected: expected, value: $0) }
        case ("scan", nil):
            guard let from, let to, from < to else { return nil }
            let (span, overflow) = to.subtractingReportingOverflow(from)
            guard !overflow, span <= Self.scanKeysMax else { return nil }
            return .scan(from: from, to: to)
        case ("putAll", nil):
            guard let keys, !keys.isEmpty, let value else { return nil }
            return .putAll(keys: keys, value: value)
        default: return nil
        }
    }
}

extension HistoryRecord.OutcomeRecord {
    init(_ outcome: ClientHistory.Outcome) {
        switch outcome {
        case .failed: self.init(kind: "failed")
        case .unknown: self.init(kind: "unknown")
        case .answer(.done): self.init(kind: "done")
        case .answer(.value(let value)): self.init(kind: "value", value: value)
        case .answer(.values(let values)): self.init(kind: "values", values: values)
        case .answer(.mismatch(let value)): self.init(kind: "mismatch", value: value)
        case .answer(.unexpected): self.init(kind: "unexpected")
        }
    }

    /// Nil where something is missing or unknown.
    var outcome: ClientHistory.Outcome? {
        switch kind {
        case "failed": .failed
        case "unknown": .unknown
        case "done": .answer(.done)
        case "value": .answer(.value(value))
        case "values": values.map { .answer(.values($0)) }
        case "mismatch": .answer(.mismatch(value))
        case "unexpected": .answer(.unexpected([]))
        default: nil
        }
    }
}
