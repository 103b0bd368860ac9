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
        /// Of the frames that were read; nil where there were none.
        package internal(set) var frames: ClosedRange<FrameNumber>?
        package internal(set) var instances: ClosedRange<Instance>?
        /// Without what is restated and stands in older segments, too.
        package internal(set) var records = LogRecordCounts()
        package internal(set) var restated = 0
        package internal(set) var seals = 0
    }

    /// A log from which segments go while it is looked at is looked at again, so many times at most.
    private static let attemptsMax = 4

    /// Those that are needed, oldest first.
    package private(set) var segments: [Segment] = []
    package private(set) var findings: [LogFinding] = []
    /// Up to here the log itself proves that all was durable.
    package private(set) var proven = FrameNumber.zero

    package var isDamaged: Bool { findings.contains { $0.isDamage } }

    package init(of files: inout (some FileStore & ~Copyable)) throws(LogError) {
        var attempts = 1
        while true {
            do throws(FileError) {
                let catalog = try LogCatalog(of: &files)
                try walk(catalog, in: &files)
                // What went meanwhile may have been written over while it was read.
                let names = Set(try files.names())
                let isWhole = catalog.segments.allSatisfy { names.contains($0.name) }
                if isWhole || attempts == Self.attemptsMax { return }
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
            Segment(file: $0.name, fileBytes: $0.fileBytes, identity: $0.header?.identity)
        }
        var walk = LogWalk(catalog)
        try walk.run(in: &files) { step in
            guard let place = segments.lastIndex(where: { $0.file == LogNames.segment(step.segment) }) else { return }
            segments[place].take(step)
        }
        self.segments = segments
        findings = walk.findings
        proven = walk.proven
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
