// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a log says of views and checkpoints, read without a lock while its replica may go on writing. Nothing of it is to be believed
/// without its signatures, so that damage does no harm but that something is missing.
package struct LogOverview: Hashable, Sendable {
    private static let attemptsMax = 4

    /// Of the newest segment that can be read.
    package private(set) var identity: LogIdentity?
    /// Of the views from the second on, one after the other.
    package private(set) var chain: [ViewCertificate] = []
    /// The stable checkpoints that are told of, the oldest first.
    package private(set) var stable: [CheckpointCertificate] = []

    /// `path`: of the directory of the log.
    package init(at path: String) throws(LogError) {
        var files = try LogError.wrapping { () throws(FileError) in try FileDirectory(at: path, .reading) }
        var attempts = 1
        while true {
            let catalog = try LogError.wrapping { () throws(FileError) in try LogCatalog(of: &files) }
            try catalog.checkFormats()
            do throws(FileError) {
                try walk(catalog, in: &files)
                return
            } catch {
                // Segments go while a replica runs.
                guard case .notFound = error, attempts < Self.attemptsMax else { throw .file(error) }
            }
            attempts += 1
        }
    }

    private mutating func walk(_ catalog: LogCatalog, in files: inout FileDirectory) throws(FileError) {
        (chain, stable) = ([], [])
        identity = catalog.segments.last { $0.header != nil }?.header?.identity
        var walk = LogWalk(catalog)
        try walk.run(in: &files) { step in
            // Also what is only restated: where a segment is damaged it may tell what is missing.
            if let record = step.frame.record { take(record) }
        }
    }

    private mutating func take(_ record: LogRecord) {
        switch record {
        case .view(let certificate):
            // Not any that is found first: where the one before is damaged a later segment tells them all again.
            if certificate.view == chain.last?.next.number ?? .genesis { chain.append(certificate) }
        case .stable(let certificate):
            if certificate.instance > stable.last?.instance ?? .zero { stable.append(certificate) }
        default: break
        }
    }
}
