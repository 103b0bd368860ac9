// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a core is started with. Everything in it is local to this replica, except the view.
package struct CoreConfiguration: Sendable {
    /// The group's first one.
    package var view: View
    /// Proved views that follow it, from the second on: those that the driver has learnt of. A replica that the first view does not list
    /// needs them up to one that does.
    package var chain: [ViewCertificate] = []
    /// The key that this replica has: it votes in no view that lists it with another. Nil takes the views' word for it.
    package var key: PublicKey?
    package var replica: ReplicaID
    /// A replica whose votes are lost starts as a learner (protocol §7).
    package var mode: ReplicaMode
    /// What a replica whose votes are lost calls itself when it asks to vote again: random, not 0, and never twice.
    package var incarnation: UInt64
    /// The versions of the protocol that it speaks: it follows no view of another one.
    package var versions = ProtocolVersions.supported
    /// Local randomness, only for choosing whom to ask first.
    package var seed: UInt64
    /// Whom the group serves to begin with, as its genesis says.
    package var access = AccessTable.open
    /// Agreed time before the first instance: that of the state that the group begins with, and the same at all members.
    package var beginning = Timestamp.zero
    package var timeouts = Timeouts()
    /// The most pending requests of one client that are kept; more are refused as overloaded. Several batches' worth,
    /// since whoever reads from clients stops before.
    package var pendingPerClientMax: Int
    /// The most pending requests of all clients together.
    package var pendingMax = 65_536
    /// The most bytes of pending payload of all clients together.
    package var pendingBytesMax = 256 << 20
    /// The most bytes of decisions sent in answer to one request for them.
    package var decisionsBytesMax = 4 << 20
    /// The most bytes of decisions that a stable checkpoint covers which are kept for members that fetch an older one.
    package var archiveBytesMax = 256 << 20

    package init(
        view: View, replica: ReplicaID, mode: ReplicaMode = .voter, incarnation: UInt64 = 1, seed: UInt64 = 0
    ) {
        precondition(incarnation > 0, "0 is a member's first start")
        self.view = view
        self.replica = replica
        self.mode = mode
        self.incarnation = incarnation
        self.seed = seed
        pendingPerClientMax = max(8_192, 4 * view.settings.batchRequestsMax)
    }
}

extension CoreConfiguration {
    /// Whether the first view lists this replica with another key than it has. Never inlined: where a core is made its copies of the view
    /// would be released twice (of the kind of swiftlang/swift#90550).
    @inline(never)
    var lacksKey: Bool {
        guard let key, let index = view.index(of: replica) else { return false }
        return view[index].key != key
    }

    /// Whether it speaks what the first view does not. Never inlined either.
    @inline(never)
    var lacksVersion: Bool { !versions.contains(UInt16(view.settings.protocolVersion)) }
}

/// Lengths of time; local settings, safety never rests on them.
package struct Timeouts: Sendable {
    /// The request timeout adapts between these two (protocol §6): each of its two stages lasts so long.
    package var requestMin = Interval.milliseconds(200)
    package var requestMax = Interval.seconds(30)
    /// How long something unanswered waits until it is sent again.
    package var resend = Interval.milliseconds(100)
    /// How long a proposal waits for a request that may still be on its way before others are asked for it.
    package var missingRequest = Interval.milliseconds(10)
    /// How often a replica says where it stands when nothing else tells.
    package var progress = Interval.milliseconds(500)
    /// How often a member measures the leader while requests are ordered; a leader that is slow for some of these is replaced.
    package var probe = Interval.milliseconds(500)
    /// How often the links of an idle group are measured.
    package var measure = Interval.seconds(1)
    /// How often a member reports what it has measured while little is ordered.
    package var report = Interval.seconds(10)
    /// How long a replica that has lost its votes waits, after it started or asked, until it asks to vote again.
    package var rejoin = Interval.seconds(1)
    /// What measures a link and is not answered for so long counts as unanswered, until the answer comes.
    package var challenge = Interval.seconds(1)
    /// How long a member remembers that a leader was slow: in so long it finds f+1 leaders slow at most, if the group is slow
    /// whoever leads.
    package var slowLeaders = Interval.seconds(600)
    /// How long one source may take to answer a request for decisions or a checkpoint.
    package var fetch = Interval.milliseconds(500)
    /// How long a checkpoint and the decisions after it are kept for a member that has last asked for anything of them.
    package var lease = Interval.seconds(10)
    /// How long a replica that was removed goes on serving what it has, and the others go on telling it what it may have missed.
    package var farewell = Interval.seconds(10)
    /// How long only signed requests are proposed after the first leader change caused by a missing
    /// request; doubles with each repetition.
    package var strict = Interval.seconds(10)
    package var strictMax = Interval.seconds(600)

    package init() {}
}
