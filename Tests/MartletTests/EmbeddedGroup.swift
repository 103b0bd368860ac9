// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Martlet
import NIOCore
import NIOPosix
import Synchronization

/// Four replicas of a service in this process, made as an embedder makes them.
final class EmbeddedGroup<Machine: StateMachine>: Sendable {
    let genesis: Genesis
    let log = GroupLog()
    private let keys: [SigningKey]
    private let directory: String
    private let machine: Machine
    private let tasks = Mutex<[Int: Task<Void, any Error>]>([:])
    /// Of each replica that was ever made: whether it is still there.
    private let remains = Mutex<[@Sendable () -> Bool]>([])

    /// `heavy` members come first.
    init(
        _ name: String, _ machine: Machine, faultModel: FaultModel, heavy: Int, settings: GroupSettings,
        in directory: String
    ) async throws {
        let keys = (0..<4).map { _ in SigningKey() }
        let ports = try await Self.freePorts(4)
        genesis = try Genesis(
            name: name, faultModel: faultModel, f: 1,
            members: zip(keys, ports).enumerated().map { place, pair in
                Member(
                    id: ReplicaID(UInt16(place)), key: pair.0.publicKey, host: "127.0.0.1", port: pair.1,
                    isHeavy: place < heavy)
            },
            administrators: [], administratorsNeeded: 0, clientAccess: .open, settings: settings)
        self.keys = keys
        self.machine = machine
        self.directory = directory + "/" + name
        for place in 0..<4 {
            try FileManager.default.createDirectory(atPath: home(place), withIntermediateDirectories: true)
        }
    }

    private func home(_ place: Int) -> String { "\(directory)/\(place)" }

    func start(_ places: some Sequence<Int>) throws {
        for place in places {
            let replica = try Replica(
                configuration: ReplicaConfiguration(
                    genesis: genesis, replica: genesis.members[place].id, key: keys[place],
                    homeDirectory: home(place), logger: log.logger),
                machine: machine)
            remains.withLock { $0.append { [weak replica] in replica != nil } }
            tasks.withLock { $0[place] = Task { [replica] in try await replica.run() } }
        }
    }

    /// Throws what it has ended with.
    func stop(_ place: Int) async throws {
        let task = tasks.withLock { $0.removeValue(forKey: place) }
        task?.cancel()
        try await task?.value
    }

    func stopAll() async throws {
        for place in tasks.withLock({ $0.keys.sorted() }) { try await stop(place) }
    }

    /// Of the replicas that were stopped.
    var replicasLeftInMemory: Int { remains.withLock { $0.count { $0() } } }

    /// Of this process, below the group's directory.
    func openFiles() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { number in
            do {
                return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + number)
            } catch {
                // Closed since it was listed.
                return nil
            }
        }.filter { $0.hasPrefix(directory) }
    }

    func client(_ key: SigningKey, of other: Genesis? = nil) throws -> Client {
        let client = try Client(ClientConfiguration(genesis: other ?? genesis, key: key, logger: log.logger))
        client.start()
        return client
    }

    /// Ports that nobody listens at, found by listening at them all at once for a moment.
    private static func freePorts(_ count: Int) async throws -> [Int] {
        var channels: [any Channel] = []
        for _ in 0..<count {
            channels.append(
                try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .bind(host: "127.0.0.1", port: 0).get())
        }
        let ports = channels.compactMap { $0.localAddress?.port }
        for channel in channels { try await channel.close() }
        return ports
    }
}

/// The lines that one group's replicas and clients log.
final class GroupLog: Sendable {
    private let collected = Mutex<[String]>([])

    var lines: [String] { collected.withLock { $0 } }
    var logger: Logger { Logger(label: "group") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: GroupLog
        var logLevel = Logger.Level.info
        var metadata = Logger.Metadata()

        init(log: GroupLog) { self.log = log }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { log.collected.withLock { $0.append("\(event.message)") } }
    }
}
