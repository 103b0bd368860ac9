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
}

/// A sealed message on its way to one receiver.
package struct Outgoing: Sendable {
    package var receiver: ReplicaIndex
    package var message: PeerMessage

    package init(_ message: PeerMessage, to receiver: ReplicaIndex) {
        self.receiver = receiver
        self.message = message
    }
}

/// What a liar has to work with: its own key, its own view of the world, and chance.
package struct LiarContext: ~Copyable {
    package let view: View
    package let me: ReplicaIndex
    package let sealer: Sealer<SimulatedScheme>
    /// Where its own, honest core stands.
    package var epoch: Epoch
    package var decided = Instance.zero
    package var random: SeededRandom
    /// How often, since it was last set to zero, something was done that a correct replica does not do.
    package var acts = 0

    package init(view: View, me: ReplicaIndex, sealer: Sealer<SimulatedScheme>, random: SeededRandom) {
        self.view = view
        self.me = me
        self.sealer = sealer
        self.random = random
        epoch = Epoch(view: view.number, regency: .first)
    }

    package var others: [ReplicaIndex] { (0..<view.n).map { ReplicaIndex($0) }.filter { $0 != me } }
    package var leads: Bool { view.leader(of: epoch.regency) == me }
}

/// A function on what a replica sends; the replica itself runs the honest core and does not know. Several compose: each
/// gets what the one before it left.
package protocol Misbehaviour {
    var kind: LiarKind { get }
    /// Changes, drops or adds messages to other replicas.
    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext)
    /// Changes or drops what goes to clients.
    mutating func alter(_ replies: inout [Reply], _ context: inout LiarContext)
    /// Changes what a client is told that reads.
    mutating func alter(_ reply: inout ReadReply, to query: Bytes, _ context: inout LiarContext)
    /// Sees what arrives.
    mutating func observe(_ message: PeerMessage, from sender: ReplicaIndex)
}

extension Misbehaviour {
    package mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {}
    package mutating func alter(_ replies: inout [Reply], _ context: inout LiarContext) {}
    package mutating func alter(_ reply: inout ReadReply, to query: Bytes, _ context: inout LiarContext) {}
    package mutating func observe(_ message: PeerMessage, from sender: ReplicaIndex) {}
}
