// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Where this process dials members that it does not reach at the address by which the group knows them: behind a
/// forwarded port, say. Who answers there must prove the member's key as anywhere.
package struct DialMap: Hashable, Sendable {
    package struct Address: Hashable, Sendable {
        package let host: String
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Only looked up.
    private var addresses: [ReplicaID: Address] = [:]

    package init() {}

    package mutating func set(_ member: ReplicaID, to address: Address) { addresses[member] = address }

    package func address(of member: Member) -> Address {
        addresses[member.id] ?? Address(host: member.host, port: member.port)
    }
}
