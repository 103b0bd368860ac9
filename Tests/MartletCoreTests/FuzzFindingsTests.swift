// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// What fuzzing the core has found, each named after what it was.
@Suite struct FuzzFindingsTests {
    /// A group of one whose replica came back as a learner ended regency after regency, each with its own word for a
    /// quorum, and never came to rest.
    @Test func learnerAloneInItsGroupDoesNotAbdicateForEver() throws {
        let group = try Group(n: 1, f: 0)
        group.restart(0, mode: .learner)
        group.settle()
        #expect(group.status(0).epoch.regency == .first)
        group.pass(milliseconds: 5_000)
        #expect(group.status(0).epoch.regency == .first)
    }
}
