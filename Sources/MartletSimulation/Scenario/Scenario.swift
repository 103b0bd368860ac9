// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// One run as plain data: made from a seed, or by hand. Nothing else decides what happens.
package struct Scenario: Sendable {
    package var seed: UInt64
    /// What a person calls it, and why it is there; empty for those drawn from a seed.
    package var name = ""
    package var about = ""
    package var faultModel = FaultModel.byzantine
    package var n = 4
    package var f = 1
    /// All replicas in the order in which they lead; empty for the order of their numbers.
    package var leaders: [Int] = []
    /// The replicas that have the greater weight; empty to let the seed choose.
    package var heavy: [Int] = []
    package var settings = GroupSettings()
    package var timeouts = Timeouts()
    /// Messages travel as bytes, through the wire format.
    package var usesWire = false
    /// Ed25519 in place of the simulated signatures.
    package var usesRealSignatures = false

    package var links = LinkModel()
    /// Delays between regions, on top of the links' own; nil where all nodes are equally near.
    package var matrix: LatencyMatrix?
    /// The region of each node, replicas first; empty to place them round and round.
    package var placement: [Int] = []
    package var linkFaults: [LinkFault] = []
    package var clientLinkFaults: [ClientLinkFault] = []
    package var clockFaults: [ClockFault] = []
    package var replicaFaults: [ReplicaFault] = []
    /// So many of a thousand syncs of a durable group fail.
    package var diskSyncErrorPermille = 0
    package var liars: [LiarPlan] = []
    package var clients: [ClientPlan] = []
    /// Those that are served to begin with, by their numbers; nil to serve anyone.
    package var listedClients: [Int]?
    /// What an administrator has the group changed to, one after the other.
    package var reconfigurations: [ReconfigurationPlan] = []
    /// Who comes later.
    package var newcomers: [NewcomerPlan] = []
    /// Who is to come and go, f, keys and administrators.
    package var changes: [ChangePlan] = []
    /// Whose program is older than the others'.
    package var oldPrograms: [OldProgram] = []
    /// Whose old key somebody speaks with once it has another one, and how that one lies.
    package var thieves: [LiarPlan] = []
    package var clientTiming = ClientTiming()

    /// From here on nothing is lost, nobody is cut off or paused, and nobody crashes.
    package var healsAt = Instant.zero
    /// Clients go on until then at least, and no further than their plan's bound.
    package var clientsUntil = Instant.zero
    /// So many times the longest request timeout after healing, or after the last call, all must be answered.
    package var livenessTimeoutsMax = 40
    /// The faults are more than a group must survive: it must stay safe, but need not answer any more.
    package var isBeyond = false
    /// What must have occurred in the run, or must not: otherwise the scenario does not show what it is for.
    package var expectations: [Expectation] = []

    /// How much may happen until the run counts as one that would never end.
    package var limits = RunawayChecker.Limits()
    /// How much a replica may keep of one client, and what else bounds its memory.
    package var memory = MemoryChecker.Limits()

    package init(seed: UInt64) {
        self.seed = seed
        // Only where it is asked for: what measures takes part in the luck of the links.
        settings.measuringPermille = 0
        // Much less than a run takes.
        timeouts.lease = .seconds(1)
    }

    /// With the largest W that there will be.
    package var widestSettings: GroupSettings {
        var widest = settings
        widest.window = max(settings.window, reconfigurations.compactMap(\.window).max() ?? 0)
        return widest
    }

    /// The most faults that it is ever to bear.
    package var highestF: Int {
        changes.reduce(f) { highest, plan in
            if case .tolerate(let count) = plan.change { max(highest, count) } else { highest }
        }
    }

    /// What bounds memory where these faults happen.
    package var memoryLimits: MemoryChecker.Limits {
        var limits = memory
        limits.isLogRewritten = replicaFaults.contains { if case .diskDamage(.some) = $0.kind { true } else { false } }
        return limits
    }

    /// Clients, and administrators where there are some.
    package var clientNodes: Int { clients.count + administrators }
}

/// Other weights and leaders, and perhaps other settings, from then on.
package struct ReconfigurationPlan: Hashable, Sendable {
    package let at: Instant
    /// The heavy members are so many that follow each other, from this one on.
    package let firstHeavy: Int
    /// They lead one after the other, from this one on.
    package let firstLeader: Int
    /// W from then on; nil to leave it.
    package let window: Int?

    package init(at: Instant, firstHeavy: Int, firstLeader: Int, window: Int? = nil) {
        self.at = at
        self.firstHeavy = firstHeavy
        self.firstLeader = firstLeader
        self.window = window
    }
}

/// How often something that the report counts, by its name there, must occur.
package struct Expectation: Hashable, Sendable {
    package let what: String
    package let min: Int
    /// nil: as often as it likes.
    package let max: Int?

    package init(_ what: String, min: Int = 0, max: Int? = nil) {
        self.what = what
        self.min = min
        self.max = max
    }
}

/// What befalls a replica that does not lie.
package struct ReplicaFault: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Loses everything. Comes back as a learner if it has ever voted; without a time it stays away.
        case crash(restartAt: Instant?)
        /// Of a durable group: loses power once so many operations more of its disk are done, or a little later.
        case powerLoss(after: Int, restartAt: Instant)
        /// Of a durable group: nothing more fits on its disk for a while.
        case diskFull(until: Instant)
        /// Of a durable group: its disk does nothing for a while, and reports no error.
        case diskStall(until: Instant)
        /// Of a durable group: its disk takes so much longer for a while.
        case diskSlow(by: Interval, until: Instant)
        /// Of a durable group: a bit flips in what lies on its disk, in a sealed part of the log and in a snapshot, be the replica
        /// up or not. A replica that is up looks at its disk after a while; without a time it does not.
        case diskDamage(seenAfter: Interval?)
        /// Of a durable group, and of a replica that is down just then: its log is gone, or its snapshots, or both.
        case diskLoss
        /// Stands still and then goes on, with all that has arrived meanwhile.
        case pause(until: Instant)
        /// Its memory goes bad: its snapshots hold a wrong bit until it takes over the others' state.
        case rot
    }

    package let replica: Int
    package let at: Instant
    package let kind: Kind
    /// Not before so many of the administrators' operations (`Scenario.changes`) are done.
    package let after: Int

    package init(replica: Int, at: Instant, kind: Kind, after: Int = 0) {
        self.replica = replica
        self.at = at
        self.kind = kind
        self.after = after
    }

    /// When the replica is up again, of a fault that takes it down and not for good.
    package var restartsAt: Instant? {
        switch kind {
        case .crash(let restartAt): restartAt
        case .powerLoss(_, let restartAt): restartAt
        default: nil
        }
    }
}

/// A replica that lies, and how.
package struct LiarPlan: Hashable, Sendable {
    package let replica: Int
    /// Each gets what the one before it left.
    package var kinds: [LiarKind]
    /// So often it is drawn anew which of them are at work; nil where all are, always.
    package var switchesEvery: Interval?

    package init(replica: Int, kinds: [LiarKind], switchesEvery: Interval? = nil) {
        self.replica = replica
        self.kinds = kinds
        self.switchesEvery = switchesEvery
    }
}

package struct ClientPlan: Hashable, Sendable {
    /// How many operations are in flight at the same time.
    package var pipeline = 1
    package var sessions = 1
    package var operationsMin = 10
    package var operationsMax = 200
    /// So many of a thousand operations are reads.
    package var readPermille = 200
    /// The longest pause between an answer and the next operation.
    package var thinkMax = Interval.milliseconds(2)
    /// The longest pause after an answer, where nothing else is in flight.
    package var pauseMax = Interval.zero
    package var signs = false
    /// Wants a receipt of each of its operations that is no read.
    package var wantsReceipts = false
    /// It gives a call up when it has waited so long, and goes on with the next; zero for never.
    package var patience = Interval.zero
    /// Asks for nothing but puts and reads.
    package var putsOnly = false
    /// A value that it puts has so many bytes at least.
    package var valueBytes = 0
    /// So many of a thousand operations read or write several keys at once.
    package var severalPermille = 0
    /// Puts and deletes one key, the same as all others that do so.
    package var flips = false
    /// Set for a client that means harm.
    package var malice: ClientMalice?

    package init() {}
}

package struct ClientMalice: Hashable, Sendable {
    package enum Act: Int, Hashable, Sendable, CaseIterable {
        /// A request to some replicas only.
        case partial
        /// Different requests under one sequence to different replicas.
        case conflicting
        case replay
        case unknownSession
        /// Sequences far ahead, far behind, or twice.
        case wrongSequence
        /// Opens sessions it never uses.
        case openMany
        /// In the name of another client.
        case foreign
        /// Many requests at once, again and again: more than the pipeline allows, and than is kept of one client.
        case flood
        /// Two signed requests under one sequence, one to some and the other to the rest: both are authentic.
        case signedConflict
        /// Its own signature, but of another request.
        case wrongSignature
        /// Says that it has replies that nobody can have sent, or none of those it has.
        case falseReceipt
        /// What no client may ask: an opening with a payload, an operation without a session, sequence 0, a read of junk.
        case malformed
        /// Reads of junk, many under one number.
        case readFlood
        /// To one replica after another, each time a little later.
        case trickle
        /// One content for the liars that collude, which they propose and vouch for, another for everyone else.
        case league
        /// Asks for views from one that is stale, its newest, the next or none that can be; again and again.
        case views
    }

    package var acts: [Act]
    package init(acts: [Act]) { self.acts = acts }
}
