// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTestKit
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct ServiceCheckTests {
    @Test func theNullServiceMayBeReplicated() {
        let check = ServiceCheck { NullService(replyBytes: 5) }
        let operations = (0..<200).map { [UInt8($0)] }
        #expect(check.finding(operations: operations, queries: [[], [1]]) == nil)
    }
}
