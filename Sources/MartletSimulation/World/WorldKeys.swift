// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Who has which key in a world.
struct WorldKeys {
    typealias Key = SimulatedScheme.PrivateKey

    /// By slot.
    let replicas: [Key]
    /// By slot: the key that it gets when an administrator wants that.
    let later: [Key]
    let clients: [Key]
    let administrators: [Key]

    static func count(of scenario: Scenario) -> Int {
        scenario.nodes + (scenario.hasChanges ? scenario.slots : 0)
    }

    init(_ keys: [Key], _ scenario: Scenario) {
        let clients = scenario.n + scenario.clients.count
        let founded = scenario.n + scenario.clientNodes
        replicas = Array(keys[..<scenario.n] + keys[founded..<scenario.nodes])
        self.clients = Array(keys[scenario.n..<clients])
        administrators = Array(keys[clients..<founded])
        later = Array(keys[scenario.nodes...])
    }
}
