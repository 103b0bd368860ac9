// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Linearizability of what clients saw, judged from outside: by calls, returns, their order and outcomes alone. Histories of
/// keys that no operation joins are judged apart; what touches several keys joins them.
package enum Linearizability {
    package enum Verdict: Hashable, Sendable {
        case linearizable
        /// No order fits this call's outcome together with what went before.
        case violated(CallRecord, states: String)
        /// Up to this call all was well, but more could not be told within the bound on work.
        case tooHard(OperationID, String)
    }

    /// Work for the calls on keys that belong together: attempts to let one call take effect.
    package static let stepsMax = 100_000

    /// A violation if any, else what was too hard, else linearizable.
    package static func judge(_ calls: [CallRecord], stepsMax: Int = stepsMax) -> Verdict {
        var worst = Verdict.linearizable
        for part in parts(of: calls.filter { !$0.isIdle }) {
            var search = LinearizationSearch(keys: part.keys, stepsMax: stepsMax)
            switch search.judge(part.calls) {
            case .linearizable: continue
            case .violated(let call, let states): return .violated(call, states: states)
            case .tooHard(let id, let why): worst = .tooHard(id, why)
            }
        }
        return worst
    }

    // MARK: - Parts

    private struct Part {
        var keys: [Int]
        var calls: [CallRecord]
    }

    private static func parts(of calls: [CallRecord]) -> [Part] {
        /// By key: the least key that it belongs with, or one on the way there.
        var joined: [Int: Int] = [:]
        func root(_ key: Int) -> Int {
            var key = key
            while let next = joined[key], next != key { key = next }
            return key
        }
        for call in calls {
            guard let first = call.operation.keys.first else { continue }
            for key in call.operation.keys {
                let (left, right) = (root(first), root(key))
                joined[max(left, right)] = min(left, right)
                if joined[min(left, right)] == nil { joined[min(left, right)] = min(left, right) }
            }
        }
        var parts: [Int: Part] = [:]
        for key in joined.keys.sorted() { parts[root(key), default: Part(keys: [], calls: [])].keys.append(key) }
        for call in calls {
            guard let first = call.operation.keys.first else { continue }
            parts[root(first)]?.calls.append(call)
        }
        return parts.sorted { $0.key < $1.key }.map(\.value)
    }
}
