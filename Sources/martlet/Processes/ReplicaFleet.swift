// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes
import Synchronization

/// All replicas of a group that have their home on this machine, as processes of their own.
final class ReplicaFleet: Sendable {
    let processes: [ReplicaProcess]
    private let access: GroupAccess
    /// Whether the group goes on after all its replicas have been stopped.
    var isDurable: Bool { access.genesis.settings.isDurable }

    /// `onLine` gets each line that a replica logs. Throws when the directory holds no group, or no replica's home.
    init(
        _ directory: GroupDirectory, executable: String? = nil, arguments: [String] = [],
        onLine: @escaping @Sendable (ReplicaID, String) -> Void
    ) throws {
        access = try GroupAccess(directory)
        let replicas = directory.replicasHere(of: access.genesis)
        guard !replicas.isEmpty else {
            throw CommandFailure("\(directory.replicasPath) holds no replica's home of this group")
        }
        processes = replicas.map { id in
            ReplicaProcess(id, in: directory, executable: executable, arguments: arguments) { onLine(id, $0) }
        }
    }

    subscript(replica: ReplicaID) -> ReplicaProcess? { processes.first { $0.replica == replica } }

    /// Starts all; when one cannot be started, none is left running.
    func start() async throws {
        do {
            for process in processes { try await process.start() }
        } catch {
            await stop()
            throw error
        }
    }

    /// Stops all at once and waits until they are gone.
    func stop() async {
        await withTaskGroup { group in
            for process in processes { group.addTask { await process.stop() } }
        }
    }

    func health() async throws -> GroupHealth { try await access.health(within: .seconds(1)) }

    /// Asks until all replicas that run here answer and the group serves, for so long; then returns how it is.
    func waitUntilServing(within patience: Duration) async throws -> GroupHealth {
        let end = ContinuousClock.now + patience
        while true {
            let health = try await health()
            let answering = Set(health.answering.map(\.replica))
            let isComplete = processes.allSatisfy { $0.processIdentifier == nil || answering.contains($0.replica) }
            if health.isServing && isComplete { return health }
            guard ContinuousClock.now < end else { return health }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
