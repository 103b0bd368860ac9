// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCore
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire

/// The third stage, a task on an event loop: owns the core. It takes everything that has arrived, steps the core once
/// for each, and acts once on what the core wants done.
final class OrderingStage<Machine: StreamingStateMachine> {
    private let configuration: CoreConfiguration
    private let mailboxes: StageMailboxes<Machine>
    private let clients: ClientDirectory
    private let views: KnownViews
    private let voting: VotingState
    private let fetching: FetchingState
    private let peers: PeerNames
    private let inbound: InboundPeers
    private let connectivity: ConnectivityLog
    private var audience: [Member] = []
    private var fetched: FetchedState?
    /// In a durable group.
    private let disk: (any DurableDisk)?
    private var core: ReplicaCore
    private var effects = Effects()
    private var egress: Egress
    private var notices: NoticeLog
    private var consensus: ConsensusLog
    private var inputs: [OrderingInput] = []
    private var loopback: [Event] = []
    private var queries: [InboundConnection] = []
    private var adaptationQueries: [InboundConnection] = []
    private var flow: ClientFlow
    /// Keeps back what has to wait for the disk, in a durable group.
    private var gate = DurabilityGate()
    private var written = LogPosition.start
    /// Who stops this replica is told when nothing waits for the disk; from then on nothing is taken in.
    private var onDrained: (@Sendable () -> Void)?

    /// Told once, when nobody in the group needs this replica any more.
    private var onLeft: (@Sendable (ViewNumber) -> Void)?
    private var onUnspoken: (@Sendable (UnspokenVersion) -> Void)?

    /// What the core wants first is done by the first `run`.
    init(
        configuration: CoreConfiguration, restoring restoration: Restoration?, mailboxes: StageMailboxes<Machine>,
        clients: ClientDirectory, views: KnownViews, voting: VotingState,
        fetching: FetchingState, peers: PeerNames, inbound: InboundPeers, connectivity: ConnectivityLog,
        disk: (any DurableDisk)?, egress: Egress, logger: Logger, onLeft: @escaping @Sendable (ViewNumber) -> Void,
        onUnspoken: @escaping @Sendable (UnspokenVersion) -> Void
    ) {
        self.onLeft = onLeft
        self.onUnspoken = onUnspoken
        self.peers = peers
        self.inbound = inbound
        self.connectivity = connectivity
        self.disk = disk
        self.views = views
        self.voting = voting
        self.fetching = fetching
        self.configuration = configuration
        self.mailboxes = mailboxes
        self.clients = clients
        self.egress = egress
        flow = ClientFlow(clients: clients, settings: configuration.view.settings)
        core = ReplicaCore(configuration, restoring: restoration, at: SystemClock.reading, into: &effects)
        notices = NoticeLog(logger: logger, view: configuration.view, replica: configuration.replica)
        consensus = ConsensusLog(logger: logger)
        // Who leads a learner, or one that has been away, does not know until it has heard from the others.
        if configuration.mode == .voter, restoration == nil { notices.logBeginning() }
    }

    /// Does all there is to do. Returns when to come back at the latest.
    func run() -> Instant? {
        mailboxes.ordering.take(into: &inputs)
        let now = SystemClock.reading
        guard onDrained == nil else {
            drain(at: now)
            return nil
        }
        for (place, input) in inputs.enumerated() {
            switch input {
            case .event(let event):
                if case .requests(let requests) = event { flow.received(from: requests.sender) }
                core.step(event, at: now, into: &effects)
            case .durable(let position):
                gate.note(durable: position)
                core.step(.durable(position), at: now, into: &effects)
            case .drain(let onDrained):
                self.onDrained = onDrained
                inputs.removeFirst(place + 1)
                drain(at: now)
                return nil
            case .statusQuery(let connection): queries.append(connection)
            case .adaptationQuery(let connection):
                // However often it is asked, it is answered once a turn: the answer is much larger than the question.
                if !adaptationQueries.contains(where: { $0.id == connection.id }), adaptationQueries.count < 64 {
                    adaptationQueries.append(connection)
                }
            }
        }
        if let deadline = core.nextDeadline, deadline <= now.monotonic {
            core.step(.deadline, at: now, into: &effects)
        }
        act(at: now)
        // Own messages come back at once, before anything is sent, so that what follows from them travels along.
        while !loopback.isEmpty {
            for event in loopback { core.step(event, at: now, into: &effects) }
            loopback.removeAll(keepingCapacity: true)
            act(at: now)
        }
        egress.flush()
        flow.settle(limits: { core.limits(of: $0) }, pending: { core.pendingRequests(of: $0) })
        answerQueries()
        return core.nextDeadline
    }

    /// What is decided and becomes durable is still executed and said.
    private func drain(at now: ClockReading) {
        for case .durable(let position) in inputs { gate.note(durable: position) }
        act(at: now)
        loopback.removeAll()
        egress.flush()
        if !gate.isHolding { onDrained?() }
    }

    private func act(at now: ClockReading) {
        if !effects.records.isEmpty {
            written = LogPosition(written.rawValue + UInt64(effects.records.count))
            mailboxes.persistence.post(.records(effects.records, upTo: written))
        }
        if let rewritten = effects.logRewritten { mailboxes.persistence.post(.rewritten(rewritten)) }
        gate.pass(&effects)
        announce(effects.views)
        if let audience = effects.audience { follow(audience) }
        consensus.note(effects, at: now.monotonic)
        egress.take(effects.sends, loopback: &loopback)
        for case .beginView(let view) in effects.executions { flow.begin(view.settings) }
        voting.note(isVoter: core.isVoter)
        noteFetching()
        mailboxes.execution.post(effects.executions.map { .order($0) })
        mailboxes.verification.post(effects.checks.map { .check($0) })
        mailboxes.serving.post(effects.serves.map { .serve($0) })
        mailboxes.serving.post(effects.lookUps.map { .lookUp($0) })
        if !effects.calculations.isEmpty { mailboxes.calculation.post(effects.calculations) }
        clients.refuse(effects.refusals)
        if effects.entropyWanted > 0 { loopback.append(.entropy(SystemEntropy.numbers(effects.entropyWanted))) }
        if !effects.notices.isEmpty { notices.log(effects.notices, at: now.monotonic) }
        if let view = effects.hasLeft { onLeft.take()?(view) }
        if let unspoken = effects.unspoken { onUnspoken.take()?(unspoken) }
        effects.removeAll()
    }

    /// Before anything is sent to them.
    private func follow(_ audience: [Member]) {
        self.audience = audience
        peers.note(audience)
        egress.follow(audience)
    }

    /// Before it is asked for: what comes in answer is let in.
    private func noteFetching() {
        let now = core.fetching
        guard now != fetched else { return }
        fetched = now
        fetching.note(now)
    }

    /// Before anything else of the same moment: what is sent in a view, to clients too, comes after its proof.
    private func announce(_ certificates: [ViewCertificate]) {
        guard !certificates.isEmpty else { return }
        for certificate in certificates { views.add(certificate) }
        inbound.dropReplacedKeys()
        let part = ViewChainPart(certificates: certificates.suffix(ViewChainPart.certificatesMax))
        clients.sendToAll(ReplicaToClientMessage.views(part).encoded())
    }

    private func answerQueries() {
        if !adaptationQueries.isEmpty {
            let frame = ReplicaToClientMessage.adaptation(core.adaptation).encoded()
            for query in adaptationQueries { query.send([frame]) }
            adaptationQueries.removeAll(keepingCapacity: true)
        }
        guard !queries.isEmpty else { return }
        let frame = ReplicaToClientMessage.status(status(core.status)).encoded()
        for query in queries { query.send([frame]) }
        queries.removeAll(keepingCapacity: true)
    }

    private func status(_ core: CoreStatus) -> ReplicaStatus {
        let damage = disk?.damage ?? DiskDamage()
        return ReplicaStatus(
            replica: configuration.replica, mode: core.mode, epoch: core.epoch, isSynced: core.isSynced,
            leader: core.leader, decided: core.decided, executed: core.executed,
            stableCheckpoint: core.stableCheckpoint, highestKnown: core.highestKnown,
            pendingRequests: UInt32(clamping: core.pendingRequests), softwareVersion: SoftwareVersion.current,
            damagesFound: UInt32(clamping: damage.found), isDamaged: !damage.isMended,
            fetching: core.transfer.map { FetchingStatus($0) }, access: core.access, peers: reports(core))
    }

    /// Of all others that the present view lists, or the newest; how far each is, the core tells.
    private func reports(_ core: CoreStatus) -> [PeerReport] {
        let unreachable = connectivity.unreachable
        let now = SystemClock.monotonic
        let newest = views.newest
        let listed = audience.filter { other in
            other.id != configuration.replica
                && (newest.replica(other.id) != nil || core.view.replica(other.id) != nil)
        }
        return listed.sorted { $0.id < $1.id }.prefix(PeerReport.countMax).map { other in
            let told = core.peers.first { $0.replica == other.id }
            return PeerReport(
                replica: other.id, isLearner: told?.isLearner ?? (newest.index(of: other.id) == nil),
                decided: told?.decided ?? .zero,
                unreachableSeconds: unreachable[other.id].map {
                    UInt32(clamping: now.since($0).nanoseconds / 1_000_000_000)
                })
        }
    }
}

extension FetchingStatus {
    fileprivate init(_ progress: TransferProgress) {
        self.init(
            instance: progress.instance, bytesHeld: UInt64(clamping: progress.bytesHeld),
            bytesTotal: UInt64(clamping: progress.bytesTotal),
            secondsLeft: progress.secondsLeft.map { UInt32(clamping: $0) })
    }
}
