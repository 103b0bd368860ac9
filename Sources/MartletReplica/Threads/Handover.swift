// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Something that another thread takes, once: nobody else keeps it in memory for as long as that thread runs.
final class Handover<Value: Sendable>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: Value?) { self.value = Mutex(value) }

    func take() -> Value? { value.withLock { $0.take() } }
}
