// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The service of the field's microbenchmark: it does nothing, and answers with so many bytes.
struct NullService: StateMachine {
    struct StateNotEmpty: Error {}

    private let reply: Bytes

    init(replyBytes: Int) { reply = Bytes(repeating: 0, count: replyBytes) }

    func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes { reply }

    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer { ReadAnswer(result: reply, version: .zero) }

    func snapshot() {}

    static func encode(_ snapshot: Void) -> Bytes { [] }

    func restore(from bytes: Bytes) throws {
        guard bytes.isEmpty else { throw StateNotEmpty() }
    }
}
