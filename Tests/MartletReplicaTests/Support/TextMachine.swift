// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The smallest service worth replicating: one text per name. An operation or query is `name` or `name=text`; the result
/// is the text that was there. The text `begun` counts how often it began anew.
struct TextMachine: StateMachine {
    struct Damaged: Error {}

    private var texts: [String: String] = [:]

    mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes {
        let parts = String(decoding: operation, as: UTF8.self).split(separator: "=", maxSplits: 1).map(String.init)
        let former = texts[parts[0]] ?? ""
        if parts.count == 2 { texts[parts[0]] = parts[1] }
        return Array(former.utf8)
    }

    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer {
        let name = String(decoding: query, as: UTF8.self)
        return ReadAnswer(result: Array((texts[name] ?? "").utf8), version: lastExecuted)
    }

    mutating func beginAnew() { texts["begun"] = "anew" + (texts["begun"] ?? "") }

    func snapshot() -> [String: String] { texts }

    static func encode(_ snapshot: [String: String]) -> Bytes {
        Array(snapshot.map { "\($0.key)=\($0.value)\n" }.sorted().joined().utf8)
    }

    mutating func restore(from bytes: Bytes) throws {
        texts = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw Damaged() }
            texts[parts[0]] = parts[1]
        }
    }
}
