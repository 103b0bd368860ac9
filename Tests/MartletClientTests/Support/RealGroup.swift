// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCrypto
import MartletReplica
import MartletTypes
import Synchronization

/// Four real replicas in this process, without directories: none is started twice.
final class RealGroup: Sendable {
    let genesis: Genesis
    private let keys: [SigningKey]
    private let tasks: Mutex<[Task<Void, any Error>?]>

    init(settings: GroupSettings = GroupSettings()) async throws {
        keys = (0..<4).map { _ in SigningKey() }
        let (host, ports) = try await FakeGroup.freeAddress(4)
        let members = zip(keys, ports).enumerated().map { place, pair in
            Member(
                id: ReplicaID(UInt16(place)), key: pair.0.publicKey, host: host, port: pair.1, isHeavy: place < 2)
        }
        genesis = try Genesis(
            name: "real", faultModel: .byzantine, f: 1, members: members, administrators: [],
            administratorsNeeded: 0, clientAccess: .open, settings: settings)
        tasks = Mutex([nil, nil, nil, nil])
    }

    func start(_ places: some Sequence<Int>) throws {
        for place in places {
            let replica = try Replica(
                configuration: ReplicaConfiguration(
                    genesis: genesis, replica: genesis.members[place].id, key: keys[place], homeDirectory: nil,
                    logger: Logger(label: "replica") { _ in SwiftLogNoOpLogHandler() }),
                machine: CountingMachine())
            tasks.withLock { $0[place] = Task { try await replica.run() } }
        }
    }

    func stop(_ place: Int) async throws {
        let task = tasks.withLock { tasks in
            defer { tasks[place] = nil }
            return tasks[place]
        }
        task?.cancel()
        try await task?.value
    }

    func stopAll() async throws { for place in 0..<4 { try await stop(place) } }
}

/// Counts its operations: each result is the count so far, so that one executed twice or left out shows.
struct CountingMachine: StateMachine {
    struct Damaged: Error {}

    private var count: UInt64 = 0

    mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes {
        count += 1
        return Self.encode(count)
    }

    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer {
        ReadAnswer(result: Self.encode(count), version: lastExecuted)
    }

    func snapshot() -> UInt64 { count }

    static func encode(_ snapshot: UInt64) -> Bytes { Bytes("\(snapshot)".utf8) }

    mutating func restore(from bytes: Bytes) throws {
        guard let count = UInt64(String(decoding: bytes, as: UTF8.self)) else { throw Damaged() }
        self.count = count
    }
}
