// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Martlet

/// Adds numbers; an answer is the sum in digits.
struct Tally: StateMachine {
    struct Damaged: Error {}

    private var sum = 0

    mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes {
        sum += Int(String(decoding: operation, as: UTF8.self)) ?? 0
        return Self.encode(sum)
    }

    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer {
        ReadAnswer(result: Self.encode(sum), version: lastExecuted)
    }

    func snapshot() -> Int { sum }

    static func encode(_ snapshot: Int) -> Bytes { Bytes("\(snapshot)".utf8) }

    mutating func restore(from bytes: Bytes) throws {
        guard let sum = Int(String(decoding: bytes, as: UTF8.self)) else { throw Damaged() }
        self.sum = sum
    }
}

/// Keeps the last words that it was told; an answer is the words before.
struct Notice: StateMachine {
    private var words: Bytes = []

    mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes {
        defer { words = operation }
        return words
    }

    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer { ReadAnswer(result: words, version: lastExecuted) }
    func snapshot() -> Bytes { words }
    static func encode(_ snapshot: Bytes) -> Bytes { snapshot }
    mutating func restore(from bytes: Bytes) { words = bytes }
}
