// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// What the views that are known say of the replica that is to run (protocol §8).
enum Standing: Hashable {
    /// The newest one lists it, with its key.
    case listed
    /// It is in none of them yet.
    case unlisted
    /// The newest one lists it, but with this key, which may be replaced by its own.
    case otherKey(PublicKey)
    /// Its key was replaced by this one, in that view.
    case keyReplaced(ViewNumber, by: PublicKey)
    /// It was in an earlier one; that view is the first without it.
    case removed(ViewNumber)

    init(of replica: ReplicaID, key: PublicKey, in views: KnownViews) {
        let newest = views.newest.number
        guard let listing = views.listing(of: replica) else {
            self = .unlisted
            return
        }
        if listing.view < newest {
            self = .removed(listing.view.next)
        } else if listing.member.key == key {
            self = .listed
        } else if let view = listing.replacement(of: key) {
            self = .keyReplaced(view, by: listing.member.key)
        } else {
            self = .otherKey(listing.member.key)
        }
    }

    /// Why this replica can never run, whatever the group does.
    func complaint(about replica: ReplicaID, key: PublicKey) -> ReplicaError? {
        switch self {
        case .listed, .unlisted, .otherKey: nil
        case .keyReplaced(let view, let by): .keyReplaced(replica, in: view, by: by, found: key)
        case .removed(let view): .removed(replica, in: view)
        }
    }

    /// Why a replica that speaks these versions of the protocol cannot go on from that view.
    static func complaint(of versions: ProtocolVersions, in view: View) -> ReplicaError? {
        let spoken = view.settings.protocolVersion
        return versions.contains(UInt16(spoken))
            ? nil : .versionUnspoken(spoken, in: view.number, spoken: versions.description)
    }

    /// What has to happen, for a person; nil when nothing has to.
    func words(of replica: ReplicaID, key: PublicKey, newest: ViewNumber) -> String? {
        switch self {
        case .listed, .keyReplaced, .removed: nil
        case .unlisted:
            "replica \(replica) is in no view of the group up to \(newest), the newest that it knows: it waits until the administrators have added it, as replica \(replica) with the public key \(key)"
        case .otherKey(let other):
            "view \(newest), the newest that it knows, lists replica \(replica) with the key \(other): it waits until the administrators have replaced that by the public key \(key); if that is not meant, stop it and give it its key"
        }
    }
}
