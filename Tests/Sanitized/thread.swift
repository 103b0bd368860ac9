// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The fault that ThreadSanitizer must see before its silence about the tests means anything: two threads count on one
/// number without taking turns.
@main
struct PlantedFault {
    private final class Counter: @unchecked Sendable {
        var value = 0
    }

    static func main() {
        let counter = Counter()
        // For a while rather than so often: else, on a busy machine, one may be done before the other begins.
        let end = Date(timeIntervalSinceNow: 1)
        let threads = (0..<2).map { _ in
            Thread { while Date() < end { counter.value += 1 } }
        }
        threads.forEach { $0.start() }
        while !threads.allSatisfy(\.isFinished) { Thread.sleep(forTimeInterval: 0.01) }
        print(counter.value)
    }
}
