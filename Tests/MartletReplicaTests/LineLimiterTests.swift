// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletReplica

@Suite struct LineLimiterTests {
    @Test func repeatedLinesPassOncePerPeriodAndAreCounted() {
        var limiter = LineLimiter()
        let start = Instant(1)
        #expect(limiter.pass("a", at: start) == 0)
        #expect(limiter.pass("a", at: start + .seconds(1)) == nil)
        #expect(limiter.pass("b", at: start + .seconds(1)) == 0)
        #expect(limiter.pass("a", at: start + .seconds(2)) == nil)
        #expect(limiter.pass("a", at: start + .seconds(5)) == 2)
        #expect(limiter.pass("a", at: start + .seconds(6)) == nil)
    }
}
