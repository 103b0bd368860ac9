// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import MartletCrypto
import MartletReplica
import MartletTransport
import MartletTypes
import NIOCore
import NIOPosix
import Synchronization

/// Real replicas in this process, on loopback with TLS.
final class TestGroup: Sendable {
    let genesis: Genesis
    let keys: [SigningKey]
    /// Signs operations on the group.
    let administrator = SigningKey()
    let directory: String
    let log = CollectedLog()
    private let tasks: Mutex<[ReplicaID: Task<Void, any Error>]> = Mutex([:])

    init(count: Int = 4, settings: GroupSettings = GroupSettings(), origin: OriginState? = nil) async throws {
        keys = (0..<count).map { _ in SigningKey() }
        let ports = try await Self.freePorts(count)
        let members = zip(keys, ports).enumerated().map { place, pair in
            Member(
                id: ReplicaID(UInt16(place)), key: pair.0.publicKey, host: "127.0.0.1", port: pair.1,
                isHeavy: place < (count - 1) / 3 * 2)
        }
        genesis = try Genesis(
            name: "test", faultModel: .byzantine, f: (count - 1) / 3, members: members,
            administrators: [administrator.publicKey], administratorsNeeded: 1, clientAccess: .open, settings: settings,
            origin: origin.map { GenesisOrigin(state: $0, nonce: .zero) })
        directory = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID().uuidString)"
        for place in 0..<count {
            try FileManager.default.createDirectory(
                atPath: "\(directory)/\(place)", withIntermediateDirectories: true)
        }
    }

    var view: View {
        get throws { try genesis.firstView(group: Hashing.group(of: genesis)) }
    }

    func configuration(_ place: Int) -> ReplicaConfiguration {
        ReplicaConfiguration(
            genesis: genesis, replica: genesis.members[place].id, key: keys[place],
            homeDirectory: "\(directory)/\(place)", logger: log.logger("\(place)"))
    }

    func start(_ places: some Sequence<Int>, change: (inout ReplicaConfiguration) -> Void = { _ in }) throws {
        for place in places {
            var configuration = configuration(place)
            change(&configuration)
            try start(configuration)
        }
    }

    func start(_ configuration: ReplicaConfiguration) throws {
        let replica = try Replica(configuration: configuration, machine: TextMachine())
        tasks.withLock { $0[configuration.replica] = Task { try await replica.run() } }
    }

    /// Stops it without a word to the others.
    func stop(_ place: Int) async throws { try await stop(genesis.members[place].id) }

    func stop(_ replica: ReplicaID) async throws {
        let task = tasks.withLock { $0.removeValue(forKey: replica) }
        task?.cancel()
        try await task?.value
    }

    /// Returns when it has ended by itself.
    func waitForEnd(of replica: ReplicaID) async throws {
        let task = tasks.withLock { $0.removeValue(forKey: replica) }
        try await task?.value
    }

    func stopAll() async throws {
        for replica in tasks.withLock({ $0.keys.sorted() }) { try await stop(replica) }
        try FileManager.default.removeItem(atPath: directory)
    }

    /// Ports that nobody listens at, found by listening at them all at once for a moment.
    static func freePorts(_ count: Int) async throws -> [Int] {
        var channels: [any Channel] = []
        for _ in 0..<count {
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            channels.append(try await bootstrap.bind(host: "127.0.0.1", port: 0).get())
        }
        let ports = channels.compactMap { $0.localAddress?.port }
        for channel in channels { try await channel.close() }
        return ports
    }
}

/// The lines that replicas log at default level, each with the replica's name before it.
final class CollectedLog: Sendable {
    private let collected = Mutex<[String]>([])

    var lines: [String] { collected.withLock { $0 } }

    func logger(_ name: String) -> Logger {
        Logger(label: name) { _ in Handler(name: name, log: self) }
    }

    func contains(_ text: String) -> Bool { lines.contains { $0.contains(text) } }

    private struct Handler: LogHandler {
        let name: String
        let log: CollectedLog
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        init(name: String, log: CollectedLog) {
            self.name = name
            self.log = log
        }

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.collected.withLock { $0.append("\(name): \(event.level): \(event.message)") }
        }
    }
}
