// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The protocol of one replica, without input or output: it takes events and fills effects. The subprotocols are values
/// that do not know each other; only the extensions of this type join them, one extension a subprotocol.
package struct ReplicaCore: ~Copyable {
    let configuration: CoreConfiguration
    /// Its place among `peers`: below `view.n` it is a member of the present view.
    var me: ReplicaIndex
    /// All that it speaks with.
    var peers: Peers
    /// Those that left with the last view, and until when they are spoken with.
    var former: [Member] = []
    var formerUntil: Instant?
    /// This replica was removed: until when it stays.
    var leavingAt: Instant?
    /// The view lists another key for it than it has.
    var lacksKey = false
    /// The newest view that is proved speaks a version of the protocol that this replica does not: it executes nothing more.
    var lacksVersion = false
    /// In which view that was found.
    var toldUnspoken: ViewNumber?
    var mode: ReplicaMode
    var rejoining: Rejoining
    /// The time of the event that is being handled.
    var now: ClockReading

    // What is written down
    var journal: Journal
    /// What was written down before this start and belongs to views that this replica has not got to again.
    var restoration: Restoration?
    /// What earlier runs voted for beyond their decisions is to be said again when this is decided again.
    var openVotesAfter: Instance?
    /// The newest instance that it remembers its own word on beside what is decided here: as what was written down tells, or as it was
    /// before another state was taken over.
    var remembered = Instance.zero
    /// Votes of earlier runs that are said again do not count.
    var hasVotedInThisRun = false
    /// Whether an earlier run had entered the present epoch, or may have: then this one never leads it.
    var isEpochOld = false
    /// The log cannot be written: nothing new is voted for or decided.
    var isLogBroken = false
    /// Since when its disk keeps it from going on, failing or not.
    var heldByDiskSince: Instant?
    /// Since when it has gone as far as it may without its disk.
    var diskBehindSince: Instant?
    /// What the log holds is being written again.
    var rewriting: Rewriting?
    /// The newest instance after which this replica's own snapshot is durable.
    var snapshotKept = Instance.zero

    // Views
    var views: ViewHistory
    /// The present one of them, stored: an accessor that yields so large a value is compiled wrongly where it is not inlined
    /// (swiftlang/swift#90550: what is read of it is read after its end).
    var view: View
    /// The view that follows this one, which has ended with the last decision; nil otherwise.
    var successor: View?
    /// What was executed when it ended rests on the records up to there.
    var viewEndedAt = LogPosition.start
    var installs: InstallTally
    var early: EarlyMessages
    /// When each member was last asked for views, what it was told of them unasked, and when its question for them was answered.
    var viewsAsked: ReplicaTable<Instant?>
    var viewsTold: ReplicaTable<ToldViews>
    var viewsServed: ReplicaTable<Instant?>
    /// The newest view that each is known to have entered.
    var entered: ReplicaTable<ViewNumber>
    /// When one that is no peer was last told of views.
    var strangerTold: Instant?

    // Ordering
    var pool: RequestPool
    var window = InstanceWindow()
    var proposer = Proposer()
    /// Requests that proposals of this epoch lack, made anew when one of them is decided; only ever looked up.
    var wantedRequests: Set<RequestID> = []
    var isResolvingDue = false
    var missingDeadline: Instant?
    var vouchesToSend: [BatchEntry] = []

    // Executed before it is decided, in groups that do so
    var tentative: TentativeChain?

    // Decided state
    var sessions: SessionTable
    /// Whether whoever lets clients in is to be told whom the group serves.
    var isServedNews = true
    var servedTold: ServedClients?
    /// The end of the unbroken run of decisions; all of it was handed to execution.
    var decided = Instance.zero { didSet { pool.decided = decided } }
    var executed = Instance.zero
    var lastTime = Timestamp.zero
    var lastAdvance: Instant

    // Leader change
    var regency = Regency.first
    var isSynced = true
    /// When this regency's SYNC was taken; the first needs none.
    var regencySince = Instant.zero
    var settlement: Settlement?
    var settledCursor = Instance.zero
    var sync: Sync?
    var stops: StopTally
    /// The highest regency that this replica asked for.
    var stopSent = Regency.none
    var stopSentReason = StopReason.joined
    var stopData: StopData?
    /// Of the newest record when it was made.
    var stopDataAt = LogPosition.start
    var collection: Collection
    var isSyncMade = false
    /// STOPDATA for an epoch that this replica has not entered yet, the newest of each member.
    var earlyStopData: ReplicaTable<StopData?>
    var syncDeadline: Instant?
    var timeout: AdaptiveTimeout
    var strict: StrictMode

    // Slow leaders
    var watch: SlowLeaderWatch
    var lastProbe: Instant
    var hasOrderedSinceProbe = false
    /// Leading: what members want ordered to measure this replica, the newest of each.
    var probesToOrder: ReplicaTable<SequenceNumber?>
    /// When each member's last probe was answered.
    var probed: ReplicaTable<Instant?>

    var measuring: Measuring
    var latencies: LatencyTables
    var experience = Experience()
    var calculations = CalculationBoard()
    var lateness: LatenessMonitor
    var orderTimes = OrderTimes()
    var reported: OwnReport

    // Checkpoints and catching up
    var checkpoints: CheckpointTally
    /// A stable checkpoint that this replica has not reached yet.
    var checkpointAhead: CheckpointCertificate?
    /// The stable checkpoint that contradicts this replica's own state, until that is replaced.
    var wrongState: CheckpointCertificate?
    var catchUp: CatchUp
    /// When each member was last told, unasked, of a SYNC or checkpoint that it lacks.
    var told: ReplicaTable<Instant?>
    /// When each member was last answered its question for help.
    var helped: ReplicaTable<Instant?>
    /// When each member was last told which checkpoint there is.
    var offered: ReplicaTable<Instant?>
    /// A checkpoint that is being fetched.
    var transfer: StateTransfer?
    var transferToldAt = Instant.zero
    /// When those that keep decisions for this replica were last told that it still needs them.
    var keepersToldAt = Instant.zero
    /// What others fetch of checkpoints.
    var checkpointServing: CheckpointServing
    /// What is kept for them though newer is stable.
    var leases: CheckpointLeases
    var archived: DecisionArchive
    /// How much else they are handed.
    var serving: ServingPace
    /// Who waits for decisions, and for which.
    var decisionsAwaited: ReplicaTable<DecisionQuestion?>
    var lastTick: Instant
    var lastProgressSent: Instant
    var isBehind = false

    /// A replica that starts for the first time is a voter; one whose votes are lost is a learner; one whose votes are written
    /// down goes on from there, and what it executes first follows the state that the restoration begins with.
    package init(
        _ configuration: CoreConfiguration, restoring restoration: Restoration? = nil, at now: ClockReading,
        into effects: inout Effects
    ) {
        let view = configuration.view
        let views = ViewHistory(genesis: view, chain: configuration.chain)
        let peers = Peers(beginning: configuration.replica, in: view, of: views)
        let (me, lacksKey, lacksVersion) = (peers.me, configuration.lacksKey, configuration.lacksVersion)
        self.configuration = configuration
        self.peers = peers
        journal = Journal(isOn: view.settings.isDurable)
        self.views = views
        self.view = view
        installs = InstallTally(n: view.n)
        early = EarlyMessages(view: view, peers: peers.count)
        viewsAsked = ReplicaTable(repeating: nil, count: peers.count)
        viewsTold = ReplicaTable(repeating: ToldViews(), count: peers.count)
        viewsServed = ReplicaTable(repeating: nil, count: peers.count)
        entered = ReplicaTable(repeating: .genesis, count: peers.count)
        self.me = me
        self.now = now
        rejoining = Rejoining(configuration, restoration, at: now.monotonic)
        self.lacksKey = lacksKey
        self.lacksVersion = lacksVersion
        mode = rejoining.incarnation > 0 || lacksKey || lacksVersion ? .learner : .voter
        pool = RequestPool(configuration: configuration)
        sessions = SessionTable(
            settings: view.settings, members: view.members,
            served: ServedClients(configuration.access, administrators: view.administration.keys))
        // An open group is what everybody takes it for.
        servedTold = configuration.access == .open ? sessions.served : nil
        lastTime = configuration.beginning
        tentative = TentativeChain(settings: view.settings, sessions: sessions, lastTime: lastTime)
        stops = StopTally(n: view.n)
        collection = Collection(n: view.n)
        earlyStopData = ReplicaTable(repeating: nil, count: view.n)
        timeout = AdaptiveTimeout(configuration.timeouts)
        strict = StrictMode(configuration.timeouts)
        watch = SlowLeaderWatch(view: view, me: me, timeouts: configuration.timeouts)
        lastProbe = now.monotonic
        probesToOrder = ReplicaTable(repeating: nil, count: view.n)
        probed = ReplicaTable(repeating: nil, count: view.n)
        measuring = Measuring(view: view, timeouts: configuration.timeouts, at: now.monotonic)
        latencies = LatencyTables(view: view)
        lateness = LatenessMonitor(view: view, me: me, patience: configuration.timeouts.challenge)
        lateness.begin(leader: view.leader(of: .first), after: .zero)
        reported = OwnReport(at: now.monotonic)
        checkpoints = CheckpointTally()
        catchUp = CatchUp(view: view, newest: views.newest, peers: peers, seed: configuration.seed)
        told = ReplicaTable(repeating: nil, count: peers.count)
        helped = ReplicaTable(repeating: nil, count: peers.count)
        offered = ReplicaTable(repeating: nil, count: peers.count)
        checkpointServing = CheckpointServing(n: peers.count)
        leases = CheckpointLeases(view: view, count: peers.count, lifetime: configuration.timeouts.lease)
        archived = DecisionArchive(bytesMax: configuration.archiveBytesMax)
        serving = ServingPace(n: peers.count)
        decisionsAwaited = ReplicaTable(repeating: nil, count: peers.count)
        lastAdvance = now.monotonic
        lastTick = now.monotonic
        lastProgressSent = now.monotonic
        effects.audience = peers.all
        effects.views = configuration.chain
        if let restoration {
            let known = restoration.chain.last?.next.number ?? view.number
            for certificate in configuration.chain where certificate.next.number > known {
                journal.write(.view(certificate), into: &effects)
            }
            begin(restoration, into: &effects)
        } else {
            for certificate in configuration.chain { journal.write(.view(certificate), into: &effects) }
            journal.write(.incarnation(rejoining.incarnation), into: &effects)
            journal.write(.entered(epoch), into: &effects)
            if leader == me, mode == .voter { proposer.begin(at: Instance(1)) }
        }
        if mode == .learner {
            effects.notices.append(.followingAsLearner)
            if leader == me { abdicate(into: &effects) }
        }
        followPeers(into: &effects)
        noteVersion(into: &effects)
        noteLeaving(into: &effects)
        effects.sends.append(progress(asksForHelp: true, to: .others))
        refillStock(into: &effects)
        tellServed(into: &effects)
    }

    /// Takes one event and fills the effects.
    package mutating func step(_ event: consuming Event, at now: ClockReading, into effects: inout Effects) {
        self.now = now
        switch consume event {
        case .requests(let bundle): onRequests(bundle.message, from: bundle.sender, into: &effects)
        case .message(let message): onMessage(message, into: &effects)
        case .certificateChecked(let certificate): onCertificateChecked(certificate, into: &effects)
        case .executed(upTo: let instance): executed = max(executed, instance)
        case .snapshotTaken(let instance, let digest): onSnapshotTaken(instance, digest, into: &effects)
        case .served(let served): onServed(served, into: &effects)
        case .chunksFound(let checkpoint, let chunks): onChunksFound(chunks, of: checkpoint, into: &effects)
        case .manifestDiffers(let checkpoint, let sender): onWrongManifest(checkpoint, from: sender, into: &effects)
        case .checkpointInstalled(let image): onCheckpointInstalled(image, into: &effects)
        case .calculated(let outcome): onCalculated(outcome)
        case .durable(let position): onDurable(position, into: &effects)
        case .logBroken: onLog(isBroken: true, into: &effects)
        case .logMended: onLog(isBroken: false, into: &effects)
        case .logDamaged(let segment): rewriteLog(in: segment, into: &effects)
        case .entropy(let numbers): onEntropy(numbers)
        case .deadline: break
        }
        goOnRewriting(into: &effects)
        noteDisk(into: &effects)
        onTime(into: &effects)
        serveCheckpoints(into: &effects)
        pump(into: &effects)
        proposeIfDue(into: &effects)
        flushSignedLate(into: &effects)
        flushVouches(into: &effects)
        refillStock(into: &effects)
        tellServed(into: &effects)
    }

    /// How many requests of this client wait to be ordered, and how many bytes of payload they have.
    package func pendingRequests(of client: ClientID) -> (requests: Int, bytes: Int) { pool.queued(of: client) }

    package func limits(of client: ClientID) -> ClientLimits { sessions.served.limits(of: client) }

    package var isVoter: Bool { mode == .voter }

    /// The checkpoint that is being fetched, and from whom; nothing else is.
    package var fetching: FetchedState? { transfer?.fetched(peers.all) }

    package var status: CoreStatus {
        CoreStatus(
            mode: mode, view: view, epoch: epoch, isSynced: isSynced, leader: view[leader].id, decided: decided,
            executed: executed,
            stableCheckpoint: checkpoints.stableInstance, highestKnown: max(decided, catchUp.known),
            pendingRequests: pool.count, transfer: transfer?.progress(at: now.monotonic), peers: peerStatus,
            access: sessions.served.table.summary)
    }

    // MARK: Short names

    var epoch: Epoch { Epoch(view: view.number, regency: regency) }
    var leader: ReplicaIndex { view.leader(of: regency) }
    var isLeader: Bool { leader == me && mode == .voter }
    /// Whether it may propose, and settle what its predecessor left. **Safety** (protocol §7): never in an epoch that an earlier
    /// run had entered, since nobody knows what that one said there.
    var isLeading: Bool { isLeader && !isEpochOld && restoration == nil }
    /// Instances up to here get no votes in this epoch.
    var floor: Instance { max(settlement?.floor ?? .zero, views.base) }
    /// No vote is sent beyond this (protocol §5 and §6: window and L; §3: nor beyond the end of the view).
    var voteLimit: Instance {
        if successor != nil { return decided }
        return min(decided + view.settings.window, checkpoints.stableInstance + view.settings.voteLimit)
    }
    /// Votes of others are kept up to here: they may be a window ahead.
    var keepLimit: Instance { min(decided + 2 * view.settings.window, memoryLimit) }
    /// No instance beyond this is kept, whatever for: whoever is told of one first learns of a newer stable checkpoint, or asks
    /// for it (`fetchIfBehind`).
    var memoryLimit: Instance {
        window.first.previous + (view.settings.voteLimit + 2 * view.settings.window)
    }

    func isWithinReach(_ instance: Instance) -> Bool { instance >= window.first && instance <= keepLimit }
}
