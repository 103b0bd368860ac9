// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Members that come and go (protocol §8).
extension ReplicaCore {
    /// This replica's own name and key, as the newest view has them that lists it.
    var own: Member { peers[me] }

    /// Whether the present view lists this replica as a member: only then can it vote.
    var isMember: Bool { me.position < view.n }

    /// No later view lists it, since no id is given twice.
    var isOut: Bool { views.newest.replica(own.id) == nil }

    /// Says whom to speak with from here on, when that has changed: another view has begun, or is proved.
    mutating func followPeers(into effects: inout Effects) {
        let own = views.newest.replica(own.id) ?? view.replica(own.id) ?? own
        let list = Peers(of: view, newest: views.newest, former: former, own: own)
        guard list != peers else { return }
        let move = PeerMove(from: peers, to: list)
        let isMoved = list.all.map(\.id) != peers.all.map(\.id)
        peers = list
        me = list.me
        effects.audience = list.all
        if isMoved { catchUp.follow(move) }
        catchUp.count(view, newest: views.newest, of: list)
        leases.follow(view)
        guard isMoved else { return }
        viewsAsked.follow(move, fresh: nil)
        viewsTold.follow(move, fresh: ToldViews())
        viewsServed.follow(move, fresh: nil)
        entered.follow(move, fresh: .genesis)
        told.follow(move, fresh: nil)
        helped.follow(move, fresh: nil)
        offered.follow(move, fresh: nil)
        decisionsAwaited.follow(move, fresh: nil)
        checkpointServing.follow(move)
        leases.follow(move)
        serving.follow(move)
        early.follow(move)
        if let kept = transfer?.following(move, me: me) { transfer = kept } else { transfer = nil }
    }

    /// Other members: what is counted, or measured, of them by their place in the view.
    mutating func followMembers(from before: View) {
        guard before.members != view.members || before.quorum != view.quorum else { return }
        let unchanged = { (view: View, own: Member) in Peers(of: view, newest: view, own: own) }
        let move = PeerMove(from: unchanged(before, own), to: unchanged(view, own))
        measuring.follow(move, view: view)
        watch = SlowLeaderWatch(view: view, me: me, timeouts: configuration.timeouts)
        probed = ReplicaTable(repeating: nil, count: view.n)
        pool.forgetHearsay(n: view.n)
    }

    // MARK: Leaving

    /// Those that left with the view before are told for a while, and while they still speak, what they may have missed, and how far the
    /// others are.
    mutating func noteFormer(of before: View) {
        former = before.audience.filter { view.replica($0.id) == nil }
        formerUntil = former.isEmpty ? nil : now.monotonic + configuration.timeouts.farewell
    }

    mutating func forgetFormer(into effects: inout Effects) {
        guard let until = formerUntil, until <= now.monotonic else { return }
        formerUntil = nil
        former = []
        followPeers(into: &effects)
    }

    /// Someone who speaks in that view has executed all of those before.
    mutating func noteEntered(_ number: ViewNumber, by peer: ReplicaIndex) {
        entered[peer] = max(entered[peer], number)
        guard let until = formerUntil, former.contains(where: { $0.id == peers[peer].id }) else { return }
        formerUntil = max(until, now.monotonic + configuration.timeouts.farewell / 2)
    }

    /// Those that have not been seen in the first view without this replica; none once a quorum of it has, or it is over. **Safety**
    /// (protocol §8): what was decided before, they have. Of the view before there may be nobody left who has it, without this replica and
    /// those that are faulty.
    private var stillNeeding: [ReplicaID] {
        guard let first = views.first(without: own.id), views.newest.number == first.number else { return [] }
        let there = first.members.indices.filter { place in
            peers.index(of: first.members[place].id).map { entered[$0] >= first.number } ?? false
        }
        if first.isQuorum(ReplicaSet(there.map { ReplicaIndex($0) })) { return [] }
        return first.members.indices.filter { !there.contains($0) }.map { first.members[$0].id }
    }

    /// A removed replica has nothing to say any more: what it voted for before, and what was decided, it serves to those that lack it, for a
    /// while at least.
    mutating func noteLeaving(into effects: inout Effects) {
        guard isOut, leavingAt == nil else { return }
        leavingAt = now.monotonic + configuration.timeouts.farewell
        transfer = nil
        effects.notices.append(.leftGroup(views.newest.number))
    }

    mutating func leaveIfDue(into effects: inout Effects) {
        guard let due = leavingAt, due <= now.monotonic else { return }
        let needing = stillNeeding
        guard needing.isEmpty else {
            leavingAt = now.monotonic + configuration.timeouts.farewell
            return effects.notices.append(.stillNeeded(views.newest.number, by: needing))
        }
        leavingAt = .distantFuture
        effects.hasLeft = views.newest.number
    }

    var peersDeadline: Instant? { [formerUntil, leavingAt].compactMap { $0 }.min() }
}

extension ReplicaCore {
    var peerStatus: [PeerProgress] {
        view.audience.enumerated().filter { place, _ in place != me.position }.map { place, member in
            PeerProgress(
                replica: member.id, isLearner: place >= view.n, decided: catchUp.decided[ReplicaIndex(place)])
        }
    }
}
