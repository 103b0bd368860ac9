// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// A group that begins with another one's state.
@Suite struct BeginningTests {
    /// A service may have kept times of the other group, and was promised that each is later than the one before.
    @Test(arguments: [false, true]) func agreedTimeGoesOnFromTheStateThatTheGroupBeginsWith(isTentative: Bool) throws {
        var settings = GroupSettings()
        settings.window = 4
        settings.checkpointPeriod = 16
        settings.executesTentatively = isTentative
        let beginning = Timestamp(1_800_000_000_000_000)
        let group = Group(view: try Samples.view(settings: settings), beginning: beginning)
        let client = Samples.client(1)
        let session = group.openSession(client)
        group.order(client, session, 1...20)
        group.settle()
        for node in group.nodes {
            let times = node.executions.map(\.time)
            #expect(node.executions.count > 16 && times.first == Timestamp(beginning.rawValue + 1))
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
            #expect(times == group.nodes[0].executions.map(\.time))
            #expect(node.tentative.allSatisfy { $0.time > beginning } && node.tentative.isEmpty != isTentative)
        }
    }
}
