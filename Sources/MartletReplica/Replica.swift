// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCore
import MartletCrypto
import MartletTransport
public import MartletTypes
public import ServiceLifecycle

/// One member of a group: orders what clients ask together with the others, and executes it on its copy of the service.
///
/// Run it as a service of its own or in a `ServiceGroup`; a graceful shutdown lets what is decided, and
/// in a durable group on the disk, be answered.
///
/// ```swift
/// let replica = try Replica(configuration: configuration, machine: Counter())
/// try await replica.run()
/// ```
public final class Replica<Machine: StreamingStateMachine>: Service {
    private let configuration: ReplicaConfiguration
    private let machine: Machine
    private let view: View
    private let me: ReplicaIndex
    private let home: ReplicaHome?

    /// `machine` is the service in its initial state, the same at all members (`Genesis.origin` may say that it begins otherwise). Throws `notAMember`, `wrongKey` or
    /// `invalidConfiguration` when the configuration does not fit the genesis or itself; touches no file or socket yet.
    public init(configuration: ReplicaConfiguration, machine: Machine) throws(ReplicaError) {
        let id = configuration.replica
        let group = Hashing.group(of: configuration.genesis)
        do {
            view = try configuration.genesis.firstView(group: group)
        } catch {
            throw .invalidConfiguration(error.description)
        }
        guard let index = view.index(of: id) else { throw .notAMember(id) }
        guard view[index].key == configuration.key.publicKey else {
            throw .wrongKey(id, expected: view[index].key, found: configuration.key.publicKey)
        }
        if let complaint = configuration.transport.complaint { throw .invalidConfiguration(complaint) }
        self.configuration = configuration
        self.machine = machine
        me = index
        home = configuration.homeDirectory.map { ReplicaHome(directory: $0, group: group, replica: id) }
    }

    /// Returns after a graceful shutdown or when its task is cancelled. Throws `ReplicaError` when the replica cannot
    /// start (its address is taken, its home unusable or another's) or go on (the service refuses the state that the
    /// group agreed on). To be called once.
    ///
    /// In a durable group it goes on from what it has written down. Otherwise, or where that is damaged or gone, a replica whose
    /// home says that it has voted in an earlier run comes back as a learner: it follows and executes, but neither votes nor
    /// answers clients, until the others have admitted it again in a new view (protocol §7).
    public func run() async throws {
        let incarnation = SystemEntropy.positive
        var (disk, recovered) = try openDisk(incarnation)
        let mode = try mode(recovered)
        let (machine, beginning) = try beginning(recovered)
        let (ends, ender) = AsyncStream<ReplicaError>.makeStream()
        let engine = try ReplicaEngine(
            configuration: configuration, view: view, me: me, mode: mode, incarnation: incarnation, disk: disk,
            scrubbed: disk, machine: machine, beginning: beginning, onFailure: { ender.yield($0) })
        logStart(mode, recovered)
        try await engine.listen()
        // In a durable group a learner, too, is admitted and votes without another start.
        if mode == .voter || disk != nil {
            do {
                if try home?.hasVoted() == false { try home?.markVoted() }
            } catch {
                await engine.stop()
                throw error
            }
        }
        // The stages have it from here on.
        engine.start(recovered.take())
        let failure = await withGracefulShutdownHandler {
            await ends.first { _ in true }
        } onGracefulShutdown: {
            ender.finish()
        }
        configuration.logger.info("stopping")
        await engine.stop()
        if let failure { throw failure }
        configuration.logger.info("stopped")
    }

    private func openDisk(_ incarnation: UInt64) throws(ReplicaError) -> (ReplicaDisk?, RecoveredDisk?) {
        guard view.settings.isDurable else { return (nil, nil) }
        guard let home, let directory = configuration.homeDirectory else {
            throw .invalidConfiguration("the group is durable, so each replica needs a home directory of its own")
        }
        return try ReplicaDisk.open(
            home: directory, group: view.group, replica: configuration.replica, hasVoted: try home.hasVoted(),
            incarnation: incarnation, opening: configuration.openFiles, logger: configuration.logger)
    }

    /// The service and the agreed time as the group begins, where there is no snapshot to go on from: a replica that has to begin anew
    /// needs them too, since the group may have no checkpoint yet.
    private func beginning(_ recovered: RecoveredDisk?) throws(ReplicaError) -> (Machine, Timestamp) {
        guard let origin = configuration.genesis.origin, recovered?.restoration.base == nil else {
            return (machine, .zero)
        }
        guard let path = configuration.originFile ?? configuration.homeDirectory.map({ $0 + "/origin" }) else {
            throw .invalidConfiguration(
                "the group begins with the state of another one: say where its backup lies, or give the replica a home directory"
            )
        }
        var machine = machine
        let time = try FirstState(origin: origin, path: path).restore(&machine, configuration.logger)
        return (machine, time)
    }

    /// In a durable group what is written down says what it is, once it has been admitted as another than at first.
    private func mode(_ recovered: RecoveredDisk?) throws(ReplicaError) -> ReplicaMode {
        guard let recovered else { return try home?.hasVoted() ?? false ? .learner : .voter }
        return recovered.isDamaged || recovered.restoration.incarnation > 0 ? .learner : .voter
    }

    private func logStart(_ mode: ReplicaMode, _ recovered: RecoveredDisk?) {
        let logger = configuration.logger
        let rule = view.quorum
        logger.info(
            "replica \(configuration.replica) of group \(configuration.genesis.name) (\(view.group)): \(view.n) members, \(rule.faultModel) faults, f = \(rule.f); Martlet \(SoftwareVersion.current)"
        )
        if let recovered {
            if let epoch = recovered.restoration.epoch {
                let from = recovered.restoration.base.map { " and the state after instance \($0.image.instance)" } ?? ""
                logger.info(
                    "going on from what was written down in view \(epoch.view), regency \(epoch.regency)\(from)")
            }
        } else if mode == .learner {
            logger.warning(
                "this replica has voted in an earlier run, and its votes were kept in memory only: it follows the group as a learner and neither votes nor answers clients until the others admit it again; so long the group tolerates one fault less"
            )
        } else if home == nil {
            logger.warning(
                "no home directory: this replica cannot remember that it voted, so it must never be started again")
        }
        if configuration.transport.security != .tls {
            logger.warning("connections are neither encrypted nor authenticated: for benchmarks only")
        }
    }
}
