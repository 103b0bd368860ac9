// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire

/// Somebody whose address a person has named, and nobody knows by its key: it is asked for views, which prove themselves, and nothing else
/// that it says is believed.
enum ViewGuide {
    static func target(
        at contact: Contact, from view: View, frameBytesMax: Int
    ) -> PeerLinkTarget {
        PeerLinkTarget(
            name: "the replica", host: contact.host, port: contact.port, key: nil,
            hello: Hello(group: view.group, role: .client, view: view.number), frameBytesMax: frameBytesMax)
    }

    static func question(after view: ViewNumber) -> Bytes {
        ClientMessage.fetchViews(FetchViews(after: view)).encoded()
    }

    /// Proved views; nil where it says something else. As if a member of the newest view had told them, since it matters to nobody who did.
    static func views(
        in frame: RawSpan, _ verifier: ReplyVerifier<Ed25519Scheme>
    ) throws -> Verified<ReplicaToClientMessage>? {
        let message = try ReplicaToClientMessage(decoding: frame)
        guard case .views = message else { return nil }
        return try verifier.verify(message, from: verifier.newestView.members[0].id)
    }
}
