// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletLog
import MartletTypes

/// A replica's log and snapshots, read without changing anything, and what is wrong with them.
struct DiskExamination {
    /// What a running replica changes between two looks at it may seem to be missing; it is looked at so many times at most.
    private static let attemptsMax = 3

    let place: LogPlace
    let log: LogInspection
    /// Nil where nobody can tell where they would be.
    let snapshots: SnapshotInspection?
    let problems: [DiskProblem]

    init(_ path: String) throws {
        place = try LogPlace(path)
        var (log, snapshots) = try Self.look(at: place)
        var attempts = 1
        while Self.gap(log, snapshots) != nil, attempts < Self.attemptsMax {
            (log, snapshots) = try Self.look(at: place)
            attempts += 1
        }
        (self.log, self.snapshots) = (log, snapshots)
        problems = Self.problems(place, log, snapshots)
    }

    /// Whose log it is, by its newest segment that can be read.
    var identity: LogIdentity? { Self.identity(of: log) }

    var tornTail: TornTail? {
        log.findings.lazy.compactMap { if case .tornTail(let tail) = $0 { tail } else { nil } }.first
    }

    private static func identity(of log: LogInspection) -> LogIdentity? {
        log.segments.last { $0.identity != nil }?.identity
    }

    // MARK: - Reading

    private static func look(at place: LogPlace) throws -> (LogInspection, SnapshotInspection?) {
        do {
            let log = try inspectLog(place.log)
            guard let path = place.snapshots else { return (log, nil) }
            guard LogPlace.kind(of: path) == .directory else { return (log, SnapshotInspection()) }
            var files = try FileDirectory(at: path, .reading)
            return (log, try SnapshotInspection(of: &files, hashing: Self.hashing))
        } catch let error as FileError {
            throw CommandFailure(
                "\(error). Run this as the user that the replica runs as; if the disk fails, copy the home to another first"
            )
        }
    }

    private static let hashing = SnapshotHashing(
        chunk: { Hashing.digest(ofChunk: $0) }, manifest: { Hashing.digest(of: $0) })

    private static func inspectLog(_ path: String) throws -> LogInspection {
        var files = try FileDirectory(at: path, .reading)
        let log: LogInspection
        do {
            log = try LogInspection(of: &files)
        } catch LogError.file(let error) {
            throw error
        }
        if log.segments.isEmpty, log.findings.isEmpty {
            throw CommandFailure("there is no log in \(path): \(LogPlace.wanted)")
        }
        for segment in log.segments {
            guard let format = segment.format, format != LogInspection.format else { continue }
            throw CommandFailure(
                "\(path)/\(segment.file) has the format \(format), and this program reads the format "
                    + "\(LogInspection.format): use the version of martlet that the replica runs")
        }
        return log
    }
}
