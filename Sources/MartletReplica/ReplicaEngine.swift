// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Logging
import MartletCore
import MartletCrypto
import MartletTransport
import MartletTypes

/// The stages of one replica, wired. Decides nothing.
final class ReplicaEngine<Machine: StateMachine>: Sendable {
    private let configuration: ReplicaConfiguration
    private let view: View
    private let me: ReplicaIndex
    private let machine: Machine
    private let loops: EventLoops
    private let listener: Listener
    private let links: PeerLinks
    private let mailboxes: StageMailboxes<Machine>
    private let clients = ClientDirectory()
    private let views: KnownViews
    private let background: BackgroundStage<Machine>
    private let orderingTask: LoopTask
    private let executionTask: LoopTask
    private let threads = StageThreads()
    private let mode: ReplicaMode
    /// What this run calls itself where its votes are lost.
    private let incarnation: UInt64
    /// In a durable group.
    private let disk: ReplicaDisk?
    private let scrubPace: ScrubPace
    private let voting: VotingState
    private let onFailure: @Sendable (ReplicaError) -> Void

    init(
        configuration: ReplicaConfiguration, view: View, me: ReplicaIndex, mode: ReplicaMode, incarnation: UInt64,
        disk: ReplicaDisk?, machine: Machine,
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
        self.me = me
        self.machine = machine
        self.mode = mode
        self.incarnation = incarnation
        self.disk = disk
        scrubPace = ScrubPace(bytesPerSecond: configuration.scrubBytesPerSecond)
        voting = VotingState(mode)
        self.onFailure = onFailure
        loops = EventLoops(threadCount: configuration.networkThreadCount)
        let stageLoop = loops.next()
        orderingTask = LoopTask(eventLoop: stageLoop)
        executionTask = LoopTask(eventLoop: stageLoop)
        mailboxes = StageMailboxes(
            bytesMax: configuration.mailboxBytesMax, ordering: orderingTask,
            execution: configuration.executesOnOwnThread ? .thread : .task(executionTask))
        links = PeerLinks(
            view: view, me: me, identity: identity, loops: loops, configuration: configuration.transport,
            log: ConnectivityLog(peerCount: view.n - 1, logger: logger), logger: logger)
        let genesis = configuration.genesis
        let verifier = Verifier(
            view: view, access: genesis.clientAccess,
            administration: Administration(keys: genesis.administrators, needed: genesis.administratorsNeeded),
            scheme: Ed25519Scheme())
        views = verifier.views
        let drops = DropLog(logger: logger)
        let admission = Admission<Machine>(
            verifier: verifier, access: configuration.genesis.clientAccess, me: view[me].id, voting: voting,
            clients: clients, drops: drops)
        let ingress = Ingress(
            admission: admission, mailboxes: mailboxes, clients: clients, drops: drops, logger: logger)
        listener = Listener(
            configuration: configuration.transport, identity: identity, group: loops.group,
            handlers: ingress.handlers, logger: logger)
        background = BackgroundStage(
            verifier: verifier, mailboxes: mailboxes, links: links, drops: drops, disk: disk, logger: logger)
    }

    /// Others may connect from now on; what they send waits until `start`.
    func listen() async throws(ReplicaError) {
        let host = configuration.listenHost ?? view[me].host
        let port = configuration.listenPort ?? view[me].port
        do {
            try await listener.start(host: host, port: port)
        } catch {
            await loops.shutDown()
            throw .cannotListen(address: "\(host):\(port)", reason: error.description)
        }
        configuration.logger.info("listening on \(host):\(listener.localPort ?? port)")
    }

    func start() {
        links.start()
        threads.start("background") { [background] in background.run() }
        let calculation = CalculationStage(tasks: mailboxes.calculation, ordering: mailboxes.ordering)
        threads.start("calculation") { calculation.run() }
        if let disk {
            let persistence = PersistenceStage(disk: disk, mailboxes: mailboxes, logger: configuration.logger)
            threads.start("persistence") { persistence.run() }
            startScrub(of: disk)
        }
        startExecution()
        startOrdering()
    }

    private func startScrub(of disk: ReplicaDisk) {
        guard configuration.scrubBytesPerSecond > 0 else { return }
        let scrub = ScrubStage(
            disk: disk, mailboxes: mailboxes, pace: scrubPace, pause: configuration.scrubPause,
            logger: configuration.logger)
        threads.start("scrub") { scrub.run() }
    }

    private func startExecution() {
        let makeStage: @Sendable () -> ExecutionStage<Machine> = { [self] in
            let stage = ExecutionStage(
                machine: machine, view: view, mode: mode, mailboxes: mailboxes, clients: clients, onFailure: onFailure)
            if let restoration = disk?.restoration {
                stage.begin(with: restoration, disk?.baseCheckpoint?.contents.application ?? [])
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

    private func startOrdering() {
        orderingTask.start { [self] in
            var core = CoreConfiguration(
                view: view, replica: configuration.replica, mode: mode, incarnation: incarnation,
                seed: SystemClock.monotonic.rawValue)
            core.timeouts = configuration.timeouts
            let sealer = Sealer(
                group: view.group, replica: configuration.replica, key: configuration.key, scheme: Ed25519Scheme())
            let told = disk.flatMap { $0.restoration.isEmpty ? nil : $0.restoration }
            let stage = OrderingStage(
                configuration: core, restoring: told, mailboxes: mailboxes, clients: clients, views: views,
                voting: voting, disk: disk,
                egress: Egress(sealer: sealer, links: links), logger: configuration.logger)
            return { stage.run() }
        }
    }

    /// Each stage finishes what it has been given, then what waits for the network is sent.
    func stop() async {
        scrubPace.stop()
        await threads.join("scrub")
        await orderingTask.stop()
        mailboxes.execution.close()
        await executionTask.stop()
        await threads.join("execution")
        mailboxes.persistence.close()
        await threads.join("persistence")
        mailboxes.calculation.close()
        await threads.join("calculation")
        mailboxes.background.close()
        await threads.join("background")
        async let listenerIsClosed: Void = listener.close()
        await links.close()
        await listenerIsClosed
        await loops.shutDown()
    }
}
