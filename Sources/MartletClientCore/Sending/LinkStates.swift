// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Whom the client keeps links to, and which of them can be sent to: the members, by position, and behind them some that were
/// members before. Those are asked for nothing but proofs of newer views, for as long as the members have not shown that
/// there are none.
struct LinkStates {
    /// The most former members that links are kept to; beyond it those go that cannot be reached, and the oldest.
    static let formerMax = 64

    /// A replica, and how the link to it stands.
    private struct Link {
        var member: Member
        var isUp = false
        /// Since when there has been no link; nil before the first event.
        var downSince: Instant?
        /// The newest view that it said to know when the link came up.
        var newestView = ViewNumber.genesis
        /// When it was last asked for the views that follow.
        var viewsAsked: Instant?

        func isTo(_ other: Member) -> Bool {
            member.id == other.id && member.key == other.key && member.host == other.host && member.port == other.port
        }
    }

    /// Of the members.
    private(set) var up = ReplicaSet()
    /// Which of the other members turn the client away.
    private(set) var denied = ReplicaSet()
    private var links: [Link]
    /// How many members there are: links from here on are to former ones.
    private var n: Int

    init(view: View) {
        links = view.members.map { Link(member: $0) }
        n = view.n
    }

    /// The time from which links that never came up count as down.
    mutating func begin(at now: Instant) {
        for place in links.indices where links[place].downSince == nil { links[place].downSince = now }
    }

    /// Members by position, and then former ones.
    var audience: [Member] { links.map(\.member) }

    func contains(_ id: ReplicaID) -> Bool { links.contains { $0.member.id == id } }

    // MARK: Up and down

    /// Returns whether that is news.
    mutating func setUp(_ id: ReplicaID, newestView: ViewNumber) -> Bool {
        guard let place = place(of: id), !links[place].isUp else { return false }
        links[place].isUp = true
        links[place].newestView = newestView
        links[place].viewsAsked = nil
        if place < n {
            up.insert(ReplicaIndex(place))
            denied.remove(ReplicaIndex(place))
        }
        return true
    }

    mutating func setDenied(_ id: ReplicaID, at now: Instant) {
        setDown(id, at: now)
        if let place = place(of: id), place < n { denied.insert(ReplicaIndex(place)) }
    }

    mutating func setDown(_ id: ReplicaID, at now: Instant) {
        guard let place = place(of: id), links[place].isUp else { return }
        links[place].isUp = false
        links[place].downSince = now
        if place < n { up.remove(ReplicaIndex(place)) }
    }

    func unreachableSince(_ replica: ReplicaIndex) -> Instant? {
        up.contains(replica) ? nil : links[replica.position].downSince
    }

    private func place(of id: ReplicaID) -> Int? { links.firstIndex { $0.member.id == id } }

    // MARK: Views

    /// Whether to ask that replica for newer views now; not for each of a liar's words.
    mutating func mayAskForViews(_ id: ReplicaID, at now: Instant, pause: Interval) -> Bool {
        guard let place = place(of: id) else { return false }
        if let asked = links[place].viewsAsked, asked + pause > now { return false }
        links[place].viewsAsked = now
        return true
    }

    /// It has led on, which no liar can have the client do for ever.
    mutating func mayBeAskedAtOnce(_ id: ReplicaID) { if let place = place(of: id) { links[place].viewsAsked = nil } }

    /// From one view to another one. A replica with another key or address has another link.
    mutating func follow(_ next: View, at now: Instant) -> MemberMoves {
        var places: [ReplicaIndex?] = Array(repeating: nil, count: n)
        var followed: [Link] = []
        for (position, member) in next.members.enumerated() {
            guard let place = links.firstIndex(where: { $0.isTo(member) }) else {
                followed.append(Link(member: member, downSince: now))
                continue
            }
            if place < n { places[place] = ReplicaIndex(position) }
            followed.append(links[place])
            followed[position].member = member
        }
        let former = links.filter { link in
            !next.members.contains { $0.id == link.member.id || $0.key == link.member.key }
        }
        let moves = MemberMoves(places: places, count: next.n)
        links = followed + former
        n = next.n
        up = ReplicaSet((0..<n).filter { links[$0].isUp }.map { ReplicaIndex($0) })
        denied = moves(denied)
        while links.count - n > Self.formerMax {
            let place = links.indices.dropFirst(n).first { !links[$0].isUp } ?? n
            links.remove(at: place)
        }
        return moves
    }

    /// Lets former members go once enough of the members that one of them is correct knew of no newer view when their
    /// links came up. Returns whether any went.
    mutating func letFormerGo(_ view: View) -> Bool {
        guard links.count > n else { return false }
        let current = ReplicaSet(
            (0..<n).filter { links[$0].isUp && links[$0].newestView <= view.number }.map { ReplicaIndex($0) })
        guard view.isWeakCertificate(current) else { return false }
        links.removeSubrange(n...)
        return true
    }
}

/// Where the members of one view are in another one: a position means something together with its view only.
struct MemberMoves {
    /// By former position; nil for those that are none any more, or reached by another link.
    private let places: [ReplicaIndex?]
    /// Whether everyone is where it was.
    let isNone: Bool

    init(places: [ReplicaIndex?], count: Int) {
        self.places = places
        isNone = places.count == count && places.enumerated().allSatisfy { $1?.position == $0 }
    }

    func callAsFunction(_ replicas: ReplicaSet) -> ReplicaSet {
        isNone ? replicas : ReplicaSet(replicas.compactMap { places[$0.position] })
    }
}
