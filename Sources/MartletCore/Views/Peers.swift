// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// All that a replica speaks with, each with the key and the address that the newest view has for it which lists it: there it is found, and
/// what it votes for is judged by the view all the same. Whoever stands at a position below `view.n` is the member of the view there; those behind have no vote:
/// learners, members of a newer view that is proved, so that a replica which was away finds those that are there now, former
/// members for a while, and this replica itself where the view does not list it.
package struct Peers: Hashable, Sendable {
    package let all: [Member]
    /// This replica's own place.
    package let me: ReplicaIndex
    /// Who votes in the newest view, where that is not the present one.
    package let newest: ReplicaSet

    /// `own`: this replica as the newest view lists it, or the last one that did.
    package init(of view: View, newest: View, former: [Member] = [], own: Member) {
        var all = view.audience.map { member in
            newest.replica(member.id)?.weighted(isHeavy: member.isHeavy) ?? member
        }
        func add(_ member: Member) {
            // Which could only be a great deal if all members were replaced while this replica slept.
            guard all.count < ReplicaSet.membersMax, !all.contains(where: { $0.id == member.id }) else { return }
            all.append(member)
        }
        for member in newest.audience { add(member) }
        for member in former { add(member) }
        if !all.contains(where: { $0.id == own.id }) { all.append(own) }
        self.all = all
        me = ReplicaIndex(all.firstIndex { $0.id == own.id } ?? all.count - 1)
        self.newest =
            newest.number == view.number
            ? ReplicaSet()
            : ReplicaSet(
                newest.members.compactMap { member in
                    all.prefix(ReplicaSet.membersMax).firstIndex { $0.id == member.id }.map { ReplicaIndex($0) }
                })
    }

    /// Of a replica that starts. One of the views must list it, though it may have been removed since.
    package init(beginning replica: ReplicaID, in view: View, of views: ViewHistory) {
        guard let own = views.listing(of: replica) else {
            preconditionFailure("replica \(replica) is in no view that is known")
        }
        self.init(of: view, newest: views.newest, own: own)
    }

    package var count: Int { all.count }

    package subscript(peer: ReplicaIndex) -> Member { all[peer.position] }

    package func index(of id: ReplicaID) -> ReplicaIndex? {
        all.firstIndex { $0.id == id }.map { ReplicaIndex($0) }
    }
}

/// Where each of them stands after a change, and where it stood before.
package struct PeerMove: Sendable {
    /// By the new position: the old one; nil for whoever comes anew.
    let former: [ReplicaIndex?]

    package init(from before: Peers, to after: Peers) {
        former = after.all.map { before.index(of: $0.id) }
    }

    package func new(_ old: ReplicaIndex) -> ReplicaIndex? {
        former.firstIndex { $0 == old }.map { ReplicaIndex($0) }
    }

    package func new(_ old: ReplicaSet) -> ReplicaSet {
        ReplicaSet(
            former.prefix(ReplicaSet.membersMax).enumerated().compactMap { place, before in
                before.map { old.contains($0) } ?? false ? ReplicaIndex(place) : nil
            })
    }
}

extension ReplicaTable {
    /// Each keeps what is known of it.
    package mutating func follow(_ move: PeerMove, fresh: Value, count: Int? = nil) {
        let before = self
        self = ReplicaTable(repeating: fresh, count: count ?? move.former.count)
        for (place, old) in move.former.prefix(count ?? move.former.count).enumerated() {
            if let old, old.position < before.count { self[ReplicaIndex(place)] = before[old] }
        }
    }
}
