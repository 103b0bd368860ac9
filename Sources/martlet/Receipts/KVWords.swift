// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTypes

/// What an operation on the key-value service, and its result, say to people. Bytes of somebody else's choice, cut to a line.
enum KVWords {
    private static let charactersMax = 120

    /// Nil when these bytes are no such operation.
    static func operation(_ payload: Bytes) -> String? {
        do {
            return words(of: try KVOperation(payload: payload))
        } catch {
            return nil
        }
    }

    /// Nil when these bytes are no such result.
    static func result(_ payload: Bytes) -> String? {
        do {
            return words(of: try KVResult(payload: payload))
        } catch {
            return nil
        }
    }

    static func shown(_ bytes: Bytes) -> String {
        let text = ForeignText.shown(PrintableBytes.shown(Bytes(bytes.prefix(4 * charactersMax))))
        let isCut = text.count > charactersMax || bytes.count > 4 * charactersMax
        return isCut ? "\(text.prefix(charactersMax))… (\(bytes.count) bytes)" : text
    }

    private static func words(of operation: KVOperation) -> String {
        switch operation {
        case .get(let key): "get \(shown(key))"
        case .put(let key, let value): "put \(shown(key)) = \(shown(value))"
        case .delete(let key): "delete \(shown(key))"
        case .compareAndSwap(let key, let expected, let replacement):
            "cas \(shown(key)) from \(expected.map(shown) ?? "absent") to \(replacement.map(shown) ?? "absent")"
        case .increment(let key, let delta): "incr \(shown(key)) by \(delta)"
        case .scan(let scan):
            "scan from \(shown(scan.from)) to \(scan.to.map(shown) ?? "the end"), \(scan.limit) keys at most"
        case .batch(let operations): "a batch of \(operations.count) operations"
        }
    }

    private static func words(of result: KVResult) -> String {
        switch result {
        case .value(let value): value.map(shown) ?? "absent"
        case .done: "stored"
        case .deleted(let existed): existed ? "deleted" : "it was absent"
        case .swapped: "swapped"
        case .mismatch(let current): "nothing was changed: it was \(current.map(shown) ?? "absent")"
        case .integer(let sum): "\(sum)"
        case .page(let page): "\(page.items.count) keys"
        case .batch(let results): "all \(results.count) applied"
        case .batchRefused(let place, _): "nothing was changed: operation \(place) failed"
        case .refused(let reason): "refused: \(reason)"
        }
    }
}
