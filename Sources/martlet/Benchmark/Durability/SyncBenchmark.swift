// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletLog
import MartletTypes

/// How long it takes until what was appended is durable, for several logs on one disk that write at the same time, as replicas do.
struct SyncBenchmark: Sendable {
    /// 4 KiB, about what replicas append at once.
    private static let recordsAtOnce = 78
    private static let rounds = 400

    let logs: Int
    let directory: String

    /// The median of all appends with their syncs, in microseconds.
    func run() async throws -> Double {
        let times = try await withThrowingTaskGroup(of: [Double].self) { tasks in
            for log in 0..<logs { tasks.addTask { try Self.times(in: "\(directory)/sync-\(log)") } }
            return try await tasks.reduce(into: []) { $0 += $1 }
        }
        return times.sorted()[times.count / 2]
    }

    private static func times(in path: String) throws -> [Double] {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var files = try FileDirectory(at: path)
        let identity = LogIdentity(group: .zero, replica: ReplicaID(0))
        var log = try LogWriter.open(in: &files, identity, salt: 1) { _ in }
        let records = [LogRecord](repeating: .incarnation(1), count: recordsAtOnce)
        let clock = ContinuousClock()
        return try (0..<rounds).map { _ in
            try clock.measure {
                try log.append(records, to: &files)
                try log.sync(&files)
            } / .microseconds(1)
        }
    }
}
