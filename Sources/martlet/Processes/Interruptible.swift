// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import UnixSignals

/// Work that a Ctrl-C or a SIGTERM cancels, so that it can put everything away before the command ends.
enum Interruptible {
    struct Interruption: Error, CustomStringConvertible {
        let description = "interrupted"
    }

    /// Throws `Interruption` when a signal came first; by then `body` has returned.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals { return nil }
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                group.cancelAll()
                while !group.isEmpty { _ = await group.nextResult() }
                throw Interruption()
            }
            return value
        }
    }
}
