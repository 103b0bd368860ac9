// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes

/// Scenarios made by hand.
enum Scenarios {
    static func calm() -> Scenario {
        var scenario = Scenario(seed: 1)
        scenario.timeouts.requestMin = .milliseconds(50)
        scenario.timeouts.requestMax = .milliseconds(400)
        scenario.timeouts.resend = .milliseconds(20)
        scenario.timeouts.progress = .milliseconds(50)
        scenario.timeouts.fetch = .milliseconds(50)
        scenario.settings.checkpointPeriod = 8
        scenario.settings.window = 4
        var client = ClientPlan()
        client.operationsMin = 40
        client.operationsMax = 40
        client.pipeline = 2
        scenario.clients = [client, client]
        return scenario
    }
}
