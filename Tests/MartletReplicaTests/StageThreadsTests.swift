// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MartletReplica

@Suite struct StageThreadsTests {
    private final class Held: Sendable {}

    /// A replica that was started again at once found its own log in use.
    @Test func whatAThreadHoldsIsGoneWhenItHasEnded() async {
        for _ in 0..<300 {
            let threads = StageThreads()
            weak var seen: Held?
            do {
                let held = Held()
                seen = held
                threads.start("a") { withExtendedLifetime(held) {} }
            }
            await threads.join("a")
            #expect(seen == nil)
        }
    }
}
