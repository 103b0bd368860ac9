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
    private enum Ending {
        case failed(ReplicaError)
        /// That view does not list it any more.
        case left(ViewNumber)
    }

    private let configuration: ReplicaConfiguration
    private let machine: Machine
    /// Of the genesis.
    private let view: View
    private let home: ReplicaHome?

    /// `machine` is the service in its initial state, the same at all members (`Genesis.origin` may say that it begins otherwise). Throws
    /// `wrongKey` or `invalidConfiguration` when the configuration does not fit the genesis or itself; touches no file or socket yet.
    ///
    /// A replica that the genesis does not list, or not with this key, is one that was added since, or given another key, or will be: `run`
    /// finds that out.
    public init(configuration: ReplicaConfiguration, machine: Machine) throws(ReplicaError) {
        let id = configuration.replica
        let key = configuration.key.publicKey
        let group = Hashing.group(of: configuration.genesis)
        do {
            view = try configuration.genesis.firstView(group: group)
        } catch {
            throw .invalidConfiguration(error.description)
        }
        if let other = view.members.first(where: { $0.key == key && $0.id != id }) {
            throw .wrongKey(id, keyOf: other.id, found: key)
        }
        guard configuration.via.count <= Contact.countMax else {
            throw .invalidConfiguration(
                "at most \(Contact.countMax) addresses can be asked, not \(configuration.via.count)")
        }
        if let complaint = configuration.transport.complaint { throw .invalidConfiguration(complaint) }
        self.configuration = configuration
        self.machine = machine
        home = configuration.homeDirectory.map { ReplicaHome(directory: $0, group: group, replica: id) }
    }

    /// Returns after a graceful shutdown or when its task is cancelled, and when the group has removed this replica and does not need it any
    /// more. Throws `ReplicaError` when the replica cannot start (its address is taken, its home unusable or another's, the group has
    /// removed it and needs it no more) or go on (the service refuses the state that the group agreed on). To be called once.
    ///
    /// One that no view lists that it knows, or not with its key, waits until the group has added it or changed its key.
    ///
    /// In a durable group it goes on from what it has written down. Otherwise, or where that is damaged or gone, a replica whose
    /// home says that it has voted in an earlier run comes back as a learner: it follows and executes, but neither votes nor
    /// answers clients, until the others have admitted it again in a new view (protocol §7). So does one that is new.
    public func run() async throws {
        let incarnation = SystemEntropy.positive
        var (disk, recovered) = try openDisk(incarnation)
        guard let (chain, isNew) = try await self.chain(recovered?.restoration.chain ?? []) else {
            return configuration.logger.info("stopped")
        }
        let isEmpty = recovered?.restoration.isEmpty ?? true
        let mode: ReplicaMode = try isNew && isEmpty ? .learner : self.mode(recovered)
        let (machine, beginning) = try beginning(recovered)
        let (ends, ender) = AsyncStream<Ending>.makeStream()
        let engine = try ReplicaEngine(
            configuration: configuration, view: view, chain: chain, mode: mode, incarnation: incarnation, disk: disk,
            scrubbed: disk, machine: machine, beginning: beginning, onLeft: { ender.yield(.left($0)) },
            onFailure: { ender.yield(.failed($0)) })
        logStart(mode, recovered, chain.last?.next ?? view, isNew)
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
        let ending = await withGracefulShutdownHandler {
            await ends.first { _ in true }
        } onGracefulShutdown: {
            ender.finish()
        }
        if case .left(let number) = ending {
            configuration.logger.notice(
                "view \(number) does not list replica \(configuration.replica) any more, and nobody needs it: it ends")
        }
        configuration.logger.info("stopping")
        await engine.stop()
        if case .failed(let failure) = ending { throw failure }
        if case .left = ending { try home?.markLeft() }
        configuration.logger.info("stopped")
    }

    /// The views that are known, from the second on: those that were written down, if the newest of them lists this replica with its key;
    /// otherwise the others are asked, until one does. `isNew` is such a replica, and one that the genesis does not know: it has no votes
    /// that it could go on from. Nil when it was stopped while it waited. Throws when the group has removed it and
    /// needs it no more.
    private func chain(
        _ written: [ViewCertificate]
    ) async throws(ReplicaError) -> (chain: [ViewCertificate], isNew: Bool)? {
        let (id, key) = (configuration.replica, configuration.key.publicKey)
        let views = KnownViews(view)
        for certificate in written { views.add(certificate) }
        let standing = Standing(of: id, key: key, in: views)
        // What it has written down others may lack still: it serves them until nobody needs it.
        if case .removed(let number) = standing, views.listing(of: id)?.member.key == key, !written.isEmpty,
            try home?.hasLeft() != true
        {
            configuration.logger.notice(
                "view \(number) does not list replica \(id) any more: it serves those that are behind, and ends when nobody needs it"
            )
            return (views.chain, isNew: false)
        }
        if let complaint = standing.complaint(about: id, key: key) { throw complaint }
        if let complaint = Standing.complaint(of: configuration.versions, in: views.newest) { throw complaint }
        if standing == .listed { return (views.chain, isNew: view.index(of: id) == nil) }
        let joining = try Joining(configuration: configuration, view: view, chain: views.chain)
        let result = await withGracefulShutdownHandler {
            await Self.result { () async throws(ReplicaError) in try await joining.run() }
        } onGracefulShutdown: {
            joining.stop()
        }
        guard let chain = try result.get() else { return nil }
        return (chain, isNew: true)
    }

    private static func result<Value: Sendable>(
        _ body: @Sendable () async throws(ReplicaError) -> Value
    ) async -> Result<Value, ReplicaError> {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    /// Whether the genesis lists it with its key: only such a replica has a vote from its first start on.
    private var isFounder: Bool {
        view.replica(configuration.replica)?.key == configuration.key.publicKey
    }

    private func openDisk(_ incarnation: UInt64) throws(ReplicaError) -> (ReplicaDisk?, RecoveredDisk?) {
        guard view.settings.isDurable else { return (nil, nil) }
        guard let home, let directory = configuration.homeDirectory else {
            throw .invalidConfiguration("the group is durable, so each replica needs a home directory of its own")
        }
        return try ReplicaDisk.open(
            home: directory, group: view.group, replica: configuration.replica,
            isFounder: isFounder, hasVoted: try home.hasVoted(), incarnation: incarnation,
            opening: configuration.openFiles, logger: configuration.logger)
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

    private func logStart(_ mode: ReplicaMode, _ recovered: RecoveredDisk?, _ view: View, _ isNew: Bool) {
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
            } else if isNew {
                logger.notice(
                    "view \(view.number) lists this replica: it follows the group, and asks for a vote when it is close behind"
                )
            }
        } else if isNew {
            logger.notice(
                "view \(view.number) lists this replica: it follows the group, and asks for a vote when it is close behind"
            )
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
