// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import MartletLog
import MartletReplica
import MartletSimulation
import MartletTypes

/// The disk of a replica that `martlet power-cuts` kills: what was not synced goes with the process.
struct VolatileDisk: Sendable {
    private static let mark = "went with the process before this one: "

    let replica: ReplicaID
    let seed: UInt64
    /// Its syncs do nothing most of the time.
    let isLying: Bool
    let logger: Logger

    func open(_ path: String) throws(FileError) -> ReplicaConfiguration.Files {
        let files = try VolatileDirectory(
            over: FileDirectory(at: path), seed: seed(of: path), isLying ? .lying : .honest,
            wait: { Thread.sleep(forTimeInterval: Double($0.nanoseconds) / 1e9) })
        if !files.loss.isNothing { logger.notice("\(path): \(Self.mark)\(files.loss)") }
        return files
    }

    /// Each directory of each replica has its own.
    private func seed(of path: String) -> UInt64 {
        let name = path.split(separator: "/").last ?? ""
        return "\(replica) \(name)".utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    /// What a replica's line says that it has lost; nil where it says nothing of that.
    static func loss(in line: String) -> VolatileLoss? {
        line.firstRange(of: mark).flatMap { VolatileLoss(String(line[$0.upperBound...])) }
    }
}
