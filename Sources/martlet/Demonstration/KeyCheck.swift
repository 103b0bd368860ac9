// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletKV
import MartletTypes

/// Reads everything back and compares.
struct KeyCheck {
    /// Sessions that read at the same time.
    private static let readers = 16

    let client: Client

    /// Writes all, several at a time.
    func write(_ items: [SteadyLoad.Item]) async throws {
        try await inParallel(items) { store, item in
            try await store.put(Bytes(item.key.utf8), Bytes(item.value.utf8))
        }
    }

    /// Throws at the first key that does not have its value.
    func read(_ items: [SteadyLoad.Item]) async throws {
        try await inParallel(items) { store, item in
            let value = try await store.get(Bytes(item.key.utf8))
            guard value == Bytes(item.value.utf8) else {
                let found = value.map { "'\(String(decoding: $0, as: UTF8.self))'" } ?? "nothing"
                throw CommandFailure("the key \(item.key) was written as '\(item.value)', but \(found) is there")
            }
        }
    }

    private func inParallel(
        _ items: [SteadyLoad.Item], _ body: @escaping @Sendable (KVClient, SteadyLoad.Item) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup { group in
            for reader in 0..<Self.readers {
                let store = KVClient(try client.openSession())
                group.addTask {
                    for place in stride(from: reader, to: items.count, by: Self.readers) {
                        try await body(store, items[place])
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
