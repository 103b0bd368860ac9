// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Logging
import MartletCore
import MartletCrypto
import MartletTransport
import MartletTypes

/// The stages of one replica, wired. Decides nothing.
final class ReplicaEngine<Machine: StreamingStateMachine>: Sendable {
    private let configuration: ReplicaConfiguration
    /// The genesis view.
    private let view: View
    /// As the newest view lists it that was known at the start.
    private let member: Member
    private let machine: Machine
    private let loops: EventLoops
    private let listener: Listener
    private let links: PeerLinks
    private let mailboxes: StageMailboxes<Machine>
    private let clients = ClientDirectory()
    private let views: KnownViews
    private let peers = PeerNames()
    private let inbound: InboundPeers
    private let connectivity: ConnectivityLog
    private let chain: [ViewCertificate]
    private let verification: VerificationStage
    private let snapshots: SnapshotStage<Machine>
    private let serving: ServingStage
    private let orderingTask: LoopTask
    private let executionTask: LoopTask
    private let threads = StageThreads()
    private let mode: ReplicaMode
    /// What this run calls itself where its votes are lost.
    private let incarnation: UInt64
    /// Agreed time before the first instance.
    private let beginning: Timestamp
    /// In a durable group.
    private let disk: (any DurableDisk)?
    /// Where it is looked through for damage.
    private let scrubbed: (any ScrubbedDisk)?
    private let scrubPace: ScrubPace
    private let voting: VotingState
    private let served = ServedState()
    private let fetching = FetchingState()
    private let onFailure: @Sendable (ReplicaError) -> Void
    private let onLeft: @Sendable (ViewNumber) -> Void

    /// `chain` proves the views that follow the genesis view as far as they are known; one of all these lists this replica. `onLeft` is told
    /// when the group does not need it any more, after that view has removed it.
    init(
        configuration: ReplicaConfiguration, view: View, chain: [ViewCertificate] = [], mode: ReplicaMode,
        incarnation: UInt64, disk: (any DurableDisk)?, scrubbed: (any ScrubbedDisk)? = nil, machine: Machine,
        beginning: Timestamp = .zero, onLeft: @escaping @Sendable (ViewNumber) -> Void = { _ in },
        onFailure: @escaping @Sendable (ReplicaError) -> Void
    ) throws(ReplicaError) {
        let logger = configuration.logger
        let identity: TLSIdentity
        do {
            identity = try TLSIdentity(seed: configuration.key.seed)
        } catch {
            throw .invalidConfiguration(error.description)
        }
        self.configuration = configuration
        self.view = view
        self.chain = chain
        self.onLeft = onLeft
        let verifier = Verifier(view: view, scheme: Ed25519Scheme())
        views = verifier.views
        for certificate in chain { views.add(certificate) }
        guard let member = views.listing(of: configuration.replica)?.member else {
            throw .invalidConfiguration("no view lists replica \(configuration.replica)")
        }
        self.member = member
        inbound = InboundPeers(views: views)
        connectivity = ConnectivityLog(logger: logger)
        self.machine = machine
        self.mode = mode
        self.incarnation = incarnation
        self.disk = disk
        self.scrubbed = scrubbed
        scrubPace = ScrubPace(bytesPerSecond: configuration.scrubBytesPerSecond)
        self.beginning = beginning
        voting = VotingState(mode)
        self.onFailure = onFailure
        loops = EventLoops(threadCount: configuration.networkThreadCount)
        let stageLoop = loops.next()
        orderingTask = LoopTask(eventLoop: stageLoop)
        executionTask = LoopTask(eventLoop: stageLoop)
        mailboxes = StageMailboxes(
            bytesMax: configuration.mailboxBytesMax, ordering: orderingTask,
            execution: configuration.executesOnOwnThread ? .thread : .task(executionTask))
        let drops = DropLog(logger: logger)
        links = PeerLinks(
            me: configuration.replica, views: views, versions: configuration.versions, identity: identity, loops: loops,
            configuration: configuration.transport, intake: ChainIntake(jobs: mailboxes.verification, drops: drops),
            log: connectivity, logger: logger)
        let admission = Admission(
            verifier: verifier, served: served, versions: configuration.versions, me: configuration.replica,
            voting: voting,
            fetching: fetching, peers: peers, clients: clients, drops: drops)
        let ingress = Ingress(
            admission: admission, mailboxes: mailboxes, clients: clients, inbound: inbound, drops: drops,
            logger: logger)
        listener = Listener(
            configuration: configuration.transport, identity: identity, group: loops.group,
            handlers: ingress.handlers, logger: logger)
        verification = VerificationStage(
            verifier: verifier, jobs: mailboxes.verification, ordering: mailboxes.ordering, drops: drops)
        let store = SharedSnapshots()
        // Turns are by the views that are known at the start: they are for the group's calm, and nothing else rests on them.
        let audience = views.newest.audience
        let rank = audience.firstIndex { $0.id == member.id } ?? 0
        snapshots = SnapshotStage(
            mailboxes: mailboxes, store: store, disk: disk,
            turns: SnapshotTurns(rank: rank, replicaCount: audience.count),
            checkpointPeriod: view.settings.checkpointPeriod, logger: logger)
        serving = ServingStage(
            jobs: mailboxes.serving, ordering: mailboxes.ordering, snapshots: store, links: links)
    }

    /// Others may connect from now on; what they send waits until `start`.
    func listen() async throws(ReplicaError) {
        let host = configuration.listenHost ?? member.host
        let port = configuration.listenPort ?? member.port
        do {
            try await listener.start(host: host, port: port)
        } catch {
            await loops.shutDown()
            throw .cannotListen(address: "\(host):\(port)", reason: error.description)
        }
        configuration.logger.info("listening on \(host):\(listener.localPort ?? port)")
    }

    /// `recovered` is what it goes on from, in a durable group.
    func start(_ recovered: RecoveredDisk?) {
        threads.start("verification") { [verification] in verification.run() }
        let base = Handover(recovered)
        threads.start("snapshots") { [snapshots] in snapshots.run(beginningWith: base) }
        threads.start("serving") { [serving] in serving.run() }
        let receipts = ReceiptStage(
            jobs: mailboxes.receipts,
            sealer: Sealer(
                group: view.group, replica: configuration.replica, key: configuration.key, scheme: Ed25519Scheme()))
        threads.start("receipts") { receipts.run() }
        let calculation = CalculationStage(tasks: mailboxes.calculation, ordering: mailboxes.ordering)
        threads.start("calculation") { calculation.run() }
        if let disk {
            let persistence = PersistenceStage(disk: disk, mailboxes: mailboxes, logger: configuration.logger)
            threads.start("persistence") { persistence.run() }
        }
        startScrub()
        startExecution(Handover(recovered))
        startOrdering(Handover(recovered))
    }

    private func startScrub() {
        guard let scrubbed, configuration.scrubBytesPerSecond > 0 else { return }
        let scrub = ScrubStage(
            disk: scrubbed, mailboxes: mailboxes, pace: scrubPace, pause: configuration.scrubPause,
            logger: configuration.logger)
        threads.start("scrub") { scrub.run() }
    }

    private func startExecution(_ recovered: Handover<RecoveredDisk>) {
        let makeStage: @Sendable () -> ExecutionStage<Machine> = { [self] in
            let stage = ExecutionStage(
                machine: machine, view: view, mode: mode, mailboxes: mailboxes, clients: clients, served: served,
                onFailure: onFailure)
            if let recovered = recovered.take() {
                stage.begin(with: recovered.restoration, recovered.baseCheckpoint)
            }
            return stage
        }
        if configuration.executesOnOwnThread {
            threads.start("execution") { makeStage().runUntilClosed() }
        } else {
            executionTask.start {
                let stage = makeStage()
                return { stage.run() }
            }
        }
    }

    private func startOrdering(_ recovered: Handover<RecoveredDisk>) {
        orderingTask.start { [self] in
            var core = CoreConfiguration(
                view: view, replica: configuration.replica, mode: mode, incarnation: incarnation,
                seed: SystemClock.monotonic.rawValue)
            core.chain = chain
            core.key = configuration.key.publicKey
            core.versions = configuration.versions
            core.timeouts = configuration.timeouts
            core.beginning = beginning
            core.access = AccessTable(configuration.genesis.clientAccess)
            let sealer = Sealer(
                group: view.group, replica: configuration.replica, key: configuration.key, scheme: Ed25519Scheme())
            let told = recovered.take().flatMap { $0.restoration.isEmpty ? nil : $0.restoration }
            let stage = OrderingStage(
                configuration: core, restoring: told, mailboxes: mailboxes, clients: clients, views: views,
                voting: voting, fetching: fetching, peers: peers, inbound: inbound, connectivity: connectivity,
                disk: disk,
                egress: Egress(sealer: sealer, links: links, inbound: inbound), logger: configuration.logger,
                onLeft: onLeft,
                onUnspoken: { [onFailure, versions = configuration.versions] in
                    onFailure(.versionUnspoken(Int($0.version), in: $0.view, spoken: versions.description))
                })
            return { stage.run() }
        }
    }

    /// What is decided, and on the disk before long, is answered; each stage finishes what it has been given, and what waits for the
    /// network is sent. A disk that hangs is not waited for.
    func stop() async {
        scrubPace.stop()
        await drain()
        await orderingTask.stop()
        mailboxes.execution.close()
        await executionTask.stop()
        await threads.join("execution")
        mailboxes.receipts.close()
        await threads.join("receipts")
        mailboxes.persistence.close()
        mailboxes.snapshots.close()
        await joinAtDisk("persistence", "the log")
        await joinAtDisk("snapshots", "a snapshot")
        await joinScrub()
        mailboxes.calculation.close()
        await threads.join("calculation")
        mailboxes.verification.close()
        await threads.join("verification")
        mailboxes.serving.close()
        await threads.join("serving")
        async let listenerIsClosed: Void = listener.close()
        await links.close()
        await listenerIsClosed
        await loops.shutDown()
    }

    private func drain() async {
        guard threads.isStarted("persistence") else { return }
        let drained = DispatchSemaphore(value: 0)
        mailboxes.ordering.post(.drain { drained.signal() })
        guard await !drained.isSignalled(within: drainMax) else { return }
        configuration.logger.warning(
            "the disk takes more than \(drainMax): what was decided and is not durable yet is not answered")
    }

    private func joinAtDisk(_ thread: String, _ what: String) async {
        guard await !threads.join(thread, within: joinMax) else { return }
        configuration.logger.error(
            "the disk has not written \(what) for \(joinMax): not waiting for it any longer; nobody was told of it")
    }

    /// What it still finds nobody takes any more.
    private func joinScrub() async {
        guard await !threads.join("scrub", within: joinMax) else { return }
        configuration.logger.error(
            "the disk has not been read for \(joinMax), in search of damage: not waiting for it any longer")
    }
}

/// So long a replica that stops waits for its disk, with what is decided and with what is being written.
private let drainMax = Interval.seconds(3)
private let joinMax = Interval.seconds(5)
