// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Tells when the process that started this one is gone: it holds this one's standard input open.
enum InputWatch {
    /// Calls once standard input ends.
    static func atEnd(_ end: @escaping @Sendable () -> Void) {
        let thread = Thread {
            while !FileHandle.standardInput.availableData.isEmpty {}
            end()
        }
        thread.start()
    }
}
