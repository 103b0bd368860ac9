// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The files of a log and what they begin with.
struct LogCatalog {
    struct Segment {
        let number: SegmentNumber
        let fileBytes: Int
        let reading: HeaderReading

        var name: String { LogNames.segment(number) }
        var header: SegmentHeader? {
            if case .header(let header) = reading { header } else { nil }
        }
        /// The version; nil where the header is damaged.
        var format: UInt32? {
            switch reading {
            case .header: SegmentHeader.version
            case .unknownVersion(let version): version
            case .invalid: nil
            }
        }
        /// Why it has no header.
        var fault: LogFault? {
            switch reading {
            case .header: nil
            case .unknownVersion(let version): .unknownFormat(version: version)
            case .invalid(let fault): fault
            }
        }
    }

    /// Ascending.
    private(set) var segments: [Segment] = []
    private(set) var spares: [String] = []
    private(set) var abandoned: [String] = []
    private(set) var hasDraft = false

    init(of files: inout (some FileStore & ~Copyable)) throws(FileError) {
        for name in try files.names() {
            if let number = LogNames.segmentNumber(in: name) {
                let bytes = try files.read(name, at: 0, count: SegmentHeader.bytesMax)
                let size = try files.size(of: name)
                segments.append(
                    Segment(number: number, fileBytes: size, reading: HeaderReading(bytes, in: number)))
            } else if LogNames.isSpare(name) {
                spares.append(name)
            } else if LogNames.isAbandoned(name) {
                abandoned.append(name)
            } else if name == LogNames.draft {
                hasDraft = true
            }
        }
        segments.sort { $0.number < $1.number }
    }

    /// By the newest header that can be read; zero where there is none.
    var oldest: SegmentNumber { segments.last { $0.header != nil }?.header?.oldest ?? SegmentNumber(0) }

    /// The number that the next segment gets.
    var nextNumber: SegmentNumber { segments.last?.number.next ?? .first }

    /// Throws when there is one that this program cannot read.
    func checkFormats() throws(LogError) {
        for segment in segments {
            if case .unknownVersion(let version) = segment.reading {
                throw .unknownFormat(file: segment.name, version: version)
            }
        }
    }

    /// Nothing of another's log, and nothing that this program cannot read, is touched.
    func check(_ identity: LogIdentity) throws(LogError) {
        for segment in segments {
            switch segment.reading {
            case .header(let header) where header.identity != identity:
                throw .otherOwner(file: segment.name, found: header.identity, expected: identity)
            case .unknownVersion(let version):
                throw .unknownFormat(file: segment.name, version: version)
            case .header, .invalid: break
            }
        }
    }
}
