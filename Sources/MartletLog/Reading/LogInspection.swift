// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What lies in a log, for people. Reading it changes nothing and needs no lock; a replica may go on writing meanwhile, and
/// what it is just writing then looks like a torn tail.
package struct LogInspection: Hashable, Sendable {
    package struct Segment: Hashable, Sendable {
        package let file: String
        package let fileBytes: Int
        /// Nil where its header cannot be read.
        package let identity: LogIdentity?
        /// The version of its format, also one that this program does not know; nil where its header is damaged.
        package let format: UInt32?
        /// Of the frames that were read; nil where there were none.
        package internal(set) var frames: ClosedRange<FrameNumber>?
        package internal(set) var instances: ClosedRange<Instance>?
        /// Without what is restated and stands in older segments, too.
        package internal(set) var records = LogRecordCounts()
        package internal(set) var restated = 0
        package internal(set) var seals = 0

        package var framesRead: Int { records.total + restated + seals }
    }

    /// What a stable checkpoint is known by.
    package struct Checkpoint: Hashable, Sendable {
        package let instance: Instance
        package let digest: Digest
    }

    /// The version of the format that this program reads and writes.
    package static let format = SegmentHeader.version
    /// A log that changes while it is looked at is looked at again, so many times at most.
    private static let attemptsMax = 4

    /// Those that are needed, oldest first.
    package private(set) var segments: [Segment] = []
    package private(set) var findings: [LogFinding] = []
    /// Up to here the log itself proves that all was durable.
    package private(set) var proven = FrameNumber.zero
    /// The stable checkpoints that are told of, the oldest first.
    package private(set) var stable: [Checkpoint] = []
    /// The instances that records are of, ascending.
    package private(set) var instances: [Instance] = []
    /// Files of a log that was given up, which lie beside this one.
    package private(set) var abandoned: [String] = []

    package var isDamaged: Bool { findings.contains { $0.isDamage } }

    package init(of files: inout (some FileStore & ~Copyable)) throws(LogError) {
        var attempts = 1
        while true {
            let earlier = findings
            do throws(FileError) {
                let catalog = try LogCatalog(of: &files)
                try walk(catalog, in: &files)
                // What went meanwhile may have been written over while it was read.
                let names = Set(try files.names())
                let isWhole = catalog.segments.allSatisfy { names.contains($0.name) }
                // So may what came after its place had been read look like damage; what is damaged is found again.
                let isSettled = !isDamaged || findings == earlier
                if isWhole && isSettled || attempts == Self.attemptsMax { return }
            } catch {
                guard case .notFound = error, attempts < Self.attemptsMax else { throw .file(error) }
            }
            attempts += 1
        }
    }

    private mutating func walk(
        _ catalog: LogCatalog, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) {
        var segments = catalog.segments.filter { $0.number >= catalog.oldest }.map {
            Segment(file: $0.name, fileBytes: $0.fileBytes, identity: $0.header?.identity, format: $0.format)
        }
        var walk = LogWalk(catalog)
        (stable, instances) = ([], [])
        try walk.run(in: &files) { step in
            guard let place = segments.lastIndex(where: { $0.file == LogNames.segment(step.segment) }) else { return }
            segments[place].take(step)
            if step.counts, let record = step.frame.record { take(record) }
        }
        self.segments = segments
        findings = walk.findings
        proven = walk.proven
        abandoned = catalog.abandoned
    }

    private mutating func take(_ record: LogRecord) {
        if case .stable(let certificate) = record, certificate.instance > stable.last?.instance ?? .zero {
            stable.append(Checkpoint(instance: certificate.instance, digest: certificate.digest))
        }
        // Most records are of one of the last instances.
        guard let instance = record.instance else { return }
        let place = (instances.lastIndex { $0 <= instance } ?? -1) + 1
        if place == 0 || instances[place - 1] != instance { instances.insert(instance, at: place) }
    }
}

extension LogInspection.Segment {
    fileprivate mutating func take(_ step: LogWalk.Step) {
        let number = step.frame.header.number
        frames = (frames?.lowerBound ?? number)...number
        guard let record = step.frame.record else {
            seals += 1
            return
        }
        guard step.counts else {
            restated += 1
            return
        }
        records.count(record)
        guard let instance = record.instance else { return }
        instances = min(instances?.lowerBound ?? instance, instance)...max(instances?.upperBound ?? instance, instance)
    }
}
