// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Replicas that join.
extension Group {
    static func newcomer(_ id: UInt16, key: UInt64? = nil) -> Member {
        Member(
            id: ReplicaID(id), key: Samples.key(key ?? UInt64(id)), host: "h", port: 1 + Int(id), isHeavy: false)
    }

    /// Starts a replica that learns from another which views there are, as it does on its first connection. Returns its place.
    @discardableResult
    func join(
        _ id: UInt16, toldBy teacher: Int, incarnation: UInt64 = 7, versions: ProtocolVersions = .supported
    ) -> Int {
        var configuration = CoreConfiguration(
            view: view, replica: ReplicaID(id), mode: .learner, incarnation: incarnation)
        configuration.timeouts = timeouts
        configuration.versions = versions
        configuration.chain = nodes[teacher].certificates
        nodes.append(Node(configuration, at: now))
        act(nodes.count - 1)
        return nodes.count - 1
    }
}
