// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes

/// A log that is opened, and what came out of it.
struct LogRig {
    static let identity = LogIdentity(group: Records.digest(1), replica: ReplicaID(2))

    /// So small that few records fill a segment.
    static var settings: LogSettings {
        var settings = LogSettings()
        settings.segmentBytes = 700
        settings.aheadBytesMin = 64
        settings.aheadBytesMax = 256
        return settings
    }

    var log: LogWriter
    let delivered: [LogRecord]

    init(
        _ files: inout (some FileStore & ~Copyable), salt: UInt64 = 1, settings: LogSettings = settings
    ) throws(LogError) {
        var records: [LogRecord] = []
        log = try LogWriter.open(in: &files, Self.identity, settings, salt: salt) { records.append($0) }
        delivered = records
    }

    static func files(_ seed: UInt64 = 1, _ change: (inout DiskFaults) -> Void = { _ in }) -> SimulatedDirectory {
        var faults = DiskFaults()
        change(&faults)
        return SimulatedDirectory(faults: faults, random: SeededRandom(seed: seed))
    }

    static func segments(_ files: inout SimulatedDirectory) throws -> [String] {
        try files.names().filter { $0.hasPrefix("log-") && $0 != "log-draft" }
    }

    static func content(_ name: String, _ files: inout SimulatedDirectory) throws -> Bytes {
        try files.read(name, at: 0, count: try files.size(of: name))
    }
}
