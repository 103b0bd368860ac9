// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Every replica that a view lists or has listed, by its id; an id is never given twice (protocol §8), so that there are no more than
/// ids. What is looked up for each message takes the same time however many views there are.
struct ListedReplicas: Sendable {
    /// Those of the newest view.
    private(set) var present: Set<ReplicaID> = []
    /// Only looked up.
    private var listings: [ReplicaID: ReplicaListing] = [:]
    /// By the key that each has in the newest view that lists it; of several with the same key, the one that was listed last. Only
    /// looked up.
    private var holders: [PublicKey: ReplicaID] = [:]

    init(_ view: View) { add(view) }

    /// The view that follows.
    mutating func add(_ view: View) {
        let audience = view.audience
        present = Set(audience.map(\.id))
        for member in audience {
            if let before = listings[member.id]?.member.key, before != member.key, holders[before] == member.id {
                holders[before] = nil
            }
            listings[member.id]?.note(member, in: view.number)
            if listings[member.id] == nil { listings[member.id] = ReplicaListing(member, in: view.number) }
        }
        // After all the old ones are gone: a key may go from one to another.
        for member in audience { holders[member.key] = member.id }
    }

    func contains(_ replica: ReplicaID) -> Bool {
        present.contains(replica) || listings.index(forKey: replica) != nil
    }

    subscript(replica: ReplicaID) -> ReplicaListing? { listings[replica] }

    func holder(of key: PublicKey) -> ReplicaID? { holders[key] }
}
