// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
package import MartletWire

/// Who may connect to a member of a view: its members, each with its own key, and the clients that are admitted. The
/// texts are read by the person who dials; "it" in them is the one that refuses.
package struct HandshakeRules: Sendable {
    private let view: View
    private let admitsClient: @Sendable (ClientID) -> Bool

    package init(view: View, admitsClient: @escaping @Sendable (ClientID) -> Bool) {
        self.view = view
        self.admitsClient = admitsClient
    }

    /// `key` is the one whose possession the dialer has proved.
    package func answer(_ hello: Hello, _ key: PublicKey) -> HelloAnswer {
        let ours = ProtocolVersions.supported
        guard let version = ours.agreed(with: hello.versions) else {
            return .refused(
                .versionUnsupported,
                "it speaks protocol versions \(ours.lowest) to \(ours.highest), "
                    + "not \(hello.versions.lowest) to \(hello.versions.highest)")
        }
        guard hello.group == view.group else { return .refused(.wrongGroup, "it belongs to another group") }
        switch hello.role {
        case .replica(let id):
            guard let index = view.index(of: id), view[index].key == key else {
                return .refused(.notThatReplica, "in its view \(view.number) this is not the key of replica \(id)")
            }
        case .client:
            guard admitsClient(ClientID(key)) else { return .refused(.accessDenied, "it does not admit this client") }
        }
        return .accepted(version: version, view: view.number)
    }
}
