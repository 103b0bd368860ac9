// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCrypto
package import MartletTypes

package enum LiarKind: String, Hashable, Sendable, CaseIterable {
    case equivocatingLeader = "equivocating leader"
    case silentLeader = "silent leader"
    case forgingLeader = "forging leader"
    case replayer = "replayer"
    case doubleVoter = "double voter"
    case selectiveSender = "selective sender"
    case voteWithholder = "vote withholder"
    case claimLiar = "claim liar"
    case certificateForger = "certificate forger"
    case decidedLiar = "decided liar"
    case replyLiar = "reply liar"
    case mutator = "mutator"
    case twins = "twins"
    case colluder = "colluder"
    case delayer = "delayer"
    case progressLiar = "progress liar"
    case transferLiar = "transfer liar"
    case voucher = "voucher"
    case latencyLiar = "latency liar"
    case viewLiar = "view liar"
    case sluggishVoter = "sluggish voter"
    case falseNeighbour = "false neighbour"
    case rejoiner = "rejoiner"
    case formerMember = "former member"
    case outcastLeader = "outcast leader"
}

/// A sealed message on its way to one receiver.
package struct Outgoing: Sendable {
    package var receiver: ReplicaID
    package var message: PeerMessage
    /// How long it is held back before it leaves.
    package var delay = Interval.zero

    package init(_ message: PeerMessage, to receiver: ReplicaID) {
        self.receiver = receiver
        self.message = message
    }
}

/// What a liar has to work with: its own key, its own view of the world, and chance.
package struct LiarContext: ~Copyable {
    /// The one that its own core is in.
    package var view: View
    /// The newest one of the group.
    package var newest: View
    /// The last one of its own core in which it was a member.
    package var membership: View?
    /// The newest view does not list it any more, or not with its key.
    package var isFormer = false
    package let me: ReplicaID
    /// What it is known by.
    package let key: PublicKey
    package let sealer: Sealer<SimulatedScheme>
    package let conspiracy: Conspiracy
    /// Where its own, honest core stands.
    package var epoch: Epoch
    package var decided = Instance.zero
    /// The world's time.
    package var now = Instant.zero
    /// Whether it is the second of two replicas with one key that acts.
    package var isTwin = false
    package var random: SeededRandom
    /// How often, since it was last set to zero, something was done that a correct replica does not do.
    package var acts = 0
    /// What exactly, in all.
    package private(set) var details: [LiarDetail: Int] = [:]

    package init(
        view: View, me: ReplicaID, key: PublicKey, sealer: Sealer<SimulatedScheme>, conspiracy: Conspiracy,
        random: SeededRandom
    ) {
        self.conspiracy = conspiracy
        self.view = view
        newest = view
        membership = view.index(of: me) == nil ? nil : view
        self.me = me
        self.key = key
        self.sealer = sealer
        self.random = random
        epoch = Epoch(view: view.number, regency: .first)
    }

    mutating func acted(_ detail: LiarDetail, times: Int = 1) {
        guard times > 0 else { return }
        acts += times
        details[detail, default: 0] += times
    }

    /// Members and learners, without itself.
    package var others: [ReplicaID] { (isFormer ? newest : view).audience.map(\.id).filter { $0 != me } }
    package var leads: Bool { leader(of: epoch.regency) == me }
    package func leader(of regency: Regency) -> ReplicaID { view[view.leader(of: regency)].id }
    /// Its place in that view; nil where it is no member.
    package var position: ReplicaIndex? { view.index(of: me) }
    /// The places of all other members.
    package var otherPositions: ReplicaSet {
        var positions = view.everyone
        if let position { positions.remove(position) }
        return positions
    }
}

/// A function on what a replica sends; the replica itself runs the honest core and does not know. Several compose: each
/// gets what the one before it left.
package protocol Misbehaviour {
    var kind: LiarKind { get }
    /// Changes what it wants ordered, before anybody is told, itself included.
    mutating func makeUp(_ operation: ReplicaOperation, _ context: inout LiarContext) -> ReplicaOperation?
    /// Changes, drops or adds messages to other replicas.
    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext)
    /// Changes or drops what goes to clients.
    mutating func alter(_ replies: inout [Reply], _ context: inout LiarContext)
    /// Changes what a client is told that reads.
    mutating func alter(_ reply: inout ReadReply, to query: Bytes, _ context: inout LiarContext)
    /// Changes why a client's request is not taken.
    mutating func alter(_ refusal: inout Refusal, _ context: inout LiarContext)
    /// Whether what that node of the world (a replica, or behind them a client) sends gets to this liar's replica, or to
    /// its twin.
    func hears(_ node: Int, isTwin: Bool, at now: Instant) -> Bool
    /// Sees what arrives.
    mutating func observe(_ message: PeerMessage, from sender: ReplicaID)
}

extension Misbehaviour {
    package mutating func makeUp(_ operation: ReplicaOperation, _ context: inout LiarContext) -> ReplicaOperation? {
        nil
    }
    package mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {}
    package mutating func alter(_ replies: inout [Reply], _ context: inout LiarContext) {}
    package mutating func alter(_ reply: inout ReadReply, to query: Bytes, _ context: inout LiarContext) {}
    package mutating func alter(_ refusal: inout Refusal, _ context: inout LiarContext) {}
    package func hears(_ node: Int, isTwin: Bool, at now: Instant) -> Bool { true }
    package mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {}
}
