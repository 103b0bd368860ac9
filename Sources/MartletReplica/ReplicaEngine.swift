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
    private let ordering: OrderingStage<Machine>
    private let execution: ExecutionStage<Machine>
    private let background: BackgroundStage<Machine>
    private let threads = StageThreads()

    init(
        configuration: ReplicaConfiguration, view: View, me: ReplicaIndex, mode: ReplicaMode, machine: Machine,
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
        loops = EventLoops(threadCount: configuration.networkThreadCount)
        mailboxes = StageMailboxes(bytesMax: configuration.mailboxBytesMax)
        links = PeerLinks(
            view: view, me: me, identity: identity, loops: loops, configuration: configuration.transport,
            log: ConnectivityLog(peerCount: view.n - 1, logger: logger), logger: logger)
        let verifier = Verifier(view: view, access: configuration.genesis.clientAccess, scheme: Ed25519Scheme())
        let clients = ClientDirectory()
        let drops = DropLog(logger: logger)
        let admission = Admission<Machine>(
            verifier: verifier, access: configuration.genesis.clientAccess, me: view[me].id, mode: mode,
            clients: clients, drops: drops)
        let ingress = Ingress(
            admission: admission, mailboxes: mailboxes, clients: clients, drops: drops, logger: logger)
        listener = Listener(
            configuration: configuration.transport, identity: identity, group: loops.group,
            handlers: ingress.handlers, logger: logger)
        ordering = OrderingStage(
            configuration: Self.core(configuration, view, mode), mailboxes: mailboxes, clients: clients, logger: logger)
        execution = ExecutionStage(
            view: view, mode: mode, mailboxes: mailboxes, clients: clients, onFailure: onFailure)
        background = BackgroundStage(verifier: verifier, mailboxes: mailboxes, links: links, drops: drops)
    }

    private static func core(
        _ configuration: ReplicaConfiguration, _ view: View, _ mode: ReplicaMode
    ) -> CoreConfiguration {
        var core = CoreConfiguration(
            view: view, replica: configuration.replica, mode: mode, seed: SystemClock.monotonic.rawValue)
        core.timeouts = configuration.timeouts
        return core
    }

    /// Others may connect from now on; what they send waits until `start`.
    func listen() async throws(ReplicaError) {
        let host = configuration.listenHost ?? view[me].host
        let port = configuration.listenPort ?? view[me].port
        do {
            try await listener.start(host: host, port: port)
        } catch {
            await loops.shutDown()
            throw .cannotListen(address: "\(host):\(port)", reason: "\(error)")
        }
        configuration.logger.info("listening on \(host):\(listener.localPort ?? port)")
    }

    func start() {
        let egress = Egress(
            sealer: Sealer(
                group: view.group, replica: configuration.replica, key: configuration.key, scheme: Ed25519Scheme()),
            links: links)
        links.start()
        threads.start("background") { [background] in background.run() }
        threads.start("execution") { [execution, machine] in execution.run(machine: machine) }
        threads.start("ordering") { [ordering] in ordering.run(egress: egress) }
    }

    /// Each stage finishes what it has been given, then what waits for the network is sent.
    func stop() async {
        mailboxes.ordering.close()
        await threads.join("ordering")
        mailboxes.execution.close()
        await threads.join("execution")
        mailboxes.background.close()
        await threads.join("background")
        async let listenerIsClosed: Void = listener.close()
        await links.close()
        await listenerIsClosed
        await loops.shutDown()
    }
}
