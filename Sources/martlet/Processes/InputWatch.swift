// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Ends this process when the one that started it is gone.
enum InputWatch {
    /// Asks for a graceful stop once standard input ends.
    static func stopAtEnd() {
        let thread = Thread {
            while !FileHandle.standardInput.availableData.isEmpty {}
            kill(getpid(), SIGTERM)
        }
        thread.start()
    }
}
