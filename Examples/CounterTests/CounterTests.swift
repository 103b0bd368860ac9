// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Martlet
import MartletTestKit
import Testing

@testable import Counter

@Suite struct CounterTests {
    /// Large amounts overflow now and then: that is a result too.
    @Test func theCounterMayBeReplicated() {
        let check = ServiceCheck { Counter() }
        let operations = (1...2_000).map { number -> Bytes in
            let amount: Int64 = number % 10 == 0 ? .max : Int64(number) - 1_000
            return CounterRequest.add(amount).payload
        }
        #expect(check.finding(operations: operations, queries: [CounterRequest.read.payload]) == nil)
    }
}
