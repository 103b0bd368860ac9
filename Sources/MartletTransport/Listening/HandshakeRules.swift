// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
package import MartletWire

/// Who may connect: whoever a known view lists, each with the key that the newest view that lists it has for it, and the clients that
/// are admitted. Someone who is in the group no longer may, too: it has to learn that; and so may one whose key a view has replaced that
/// is not known here. The texts are read by the person who dials;
/// "it" in them is the one that refuses.
package struct HandshakeRules: Sendable {
    private let group: Digest
    private let newest: ViewNumber
    private let versions: ProtocolVersions
    /// The version that the group speaks in its newest view.
    private let spoken: UInt16
    private let listing: @Sendable (ReplicaID) -> ReplicaListing?
    private let complaintAboutClient: @Sendable (ClientID) -> String?

    /// `newest` is the number of the newest view that is known, in which the group speaks the version `spoken` of the protocol; here
    /// `versions` are spoken. `listing` tells what the known views say of a replica, and `complaintAboutClient` why a client is not
    /// served, nil when it is.
    package init(
        group: Digest, newest: ViewNumber, spoken: UInt16 = 1, versions: ProtocolVersions = .supported,
        listing: @escaping @Sendable (ReplicaID) -> ReplicaListing?,
        complaintAboutClient: @escaping @Sendable (ClientID) -> String?
    ) {
        self.group = group
        self.newest = newest
        self.spoken = spoken
        self.versions = versions
        self.listing = listing
        self.complaintAboutClient = complaintAboutClient
    }

    /// Where no other view is known.
    package init(view: View, complaintAboutClient: @escaping @Sendable (ClientID) -> String?) {
        self.init(
            group: view.group, newest: view.number, spoken: UInt16(view.settings.protocolVersion),
            listing: { id in view.replica(id).map { ReplicaListing($0, in: view.number) } },
            complaintAboutClient: complaintAboutClient)
    }

    /// `key` is the one whose possession the dialer has proved.
    package func answer(_ hello: Hello, _ key: PublicKey) -> HelloAnswer {
        guard let version = versions.agreed(with: hello.versions) else {
            return .refused(
                .versionUnsupported, "it speaks protocol version \(versions), not \(hello.versions)")
        }
        guard hello.group == group else { return .refused(.wrongGroup, "it belongs to another group") }
        switch hello.role {
        case .replica(let id):
            if let complaint = complaint(about: id, key), !mayProve(hello) {
                return .refused(.notThatReplica, complaint)
            }
            // It would understand nothing of what the others say.
            if !hello.versions.contains(spoken) {
                return .refused(
                    .versionUnsupported,
                    "in view \(newest) the group speaks protocol version \(spoken), not \(hello.versions)")
            }
        case .client:
            if let complaint = complaintAboutClient(ClientID(key)) { return .refused(.accessDenied, complaint) }
        }
        return .accepted(version: version, view: newest)
    }

    /// Whoever claims to know a newer view may be right, and be listed in it with this key. Nobody else may be left to tell of that view: it
    /// is let in to prove it, and nothing else is taken from it.
    private func mayProve(_ hello: Hello) -> Bool {
        guard case .replica(let id) = hello.role else { return false }
        return hello.view > newest && listing(id) != nil
    }

    private func complaint(about id: ReplicaID, _ key: PublicKey) -> String? {
        guard let listing = listing(id) else {
            return "replica \(id) is in no view up to \(newest); it has to be added first"
        }
        guard listing.member.key != key else { return nil }
        if let view = listing.replacement(of: key) {
            return "view \(view) has replaced this key of replica \(id) by another one"
        }
        return "in its view \(listing.view) this is not the key of replica \(id)"
    }
}
