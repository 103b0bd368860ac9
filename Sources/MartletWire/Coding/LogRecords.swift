// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension LoggedVote: WireCodable {
    package static var encodedBytesMin: Int { 16 + 8 + 32 }

    package func encode(into writer: inout Writer) {
        writer.write(epoch.view.rawValue, epoch.regency.rawValue, instance.rawValue)
        writer.write(digest.words)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            epoch: try Epoch(from: &reader), instance: try reader.positive(Instance.self),
            digest: try Digest(from: &reader))
    }
}

extension LogRecord: WireCodable {
    package static var encodedBytesMin: Int { 1 + 8 }

    package var encodedSizeHint: Int {
        switch self {
        case .incarnation, .entered: 1 + 16
        case .wrote, .accepted: 1 + LoggedVote.encodedBytesMin
        case .view(let it): 1 + it.encodedSizeHint
        case .synced(let it): 1 + it.encodedSizeHint
        case .batch(_, let body): 1 + 32 + body.encodedSizeHint
        case .decided(let it): 1 + it.encodedSizeHint
        case .stable(let it): 1 + it.encodedSizeHint
        }
    }

    private enum Kind: UInt8 {
        case incarnation = 1
        case view
        case entered
        case synced
        case batch
        case wrote
        case accepted
        case decided
        case stable
    }

    private var kind: Kind {
        switch self {
        case .incarnation: .incarnation
        case .view: .view
        case .entered: .entered
        case .synced: .synced
        case .batch: .batch
        case .wrote: .wrote
        case .accepted: .accepted
        case .decided: .decided
        case .stable: .stable
        }
    }

    package func encode(into writer: inout Writer) {
        writer.write(kind.rawValue)
        switch self {
        case .incarnation(let number): writer.write(number)
        case .view(let certificate): certificate.encode(into: &writer)
        case .entered(let epoch): epoch.encode(into: &writer)
        case .synced(let sync): sync.encode(into: &writer)
        case .batch(let digest, let body):
            writer.write(digest.words)
            body.encode(into: &writer)
        case .wrote(let vote), .accepted(let vote): vote.encode(into: &writer)
        case .decided(let certificate): certificate.encode(into: &writer)
        case .stable(let certificate): certificate.encode(into: &writer)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Kind.self, "kind of a log record") {
        case .incarnation: self = .incarnation(try reader.uint64())
        case .view: self = .view(try ViewCertificate(from: &reader))
        case .entered: self = .entered(try Epoch(from: &reader))
        case .synced: self = .synced(try Sync(from: &reader))
        case .batch: self = .batch(try Digest(from: &reader), try BatchBody(from: &reader))
        case .wrote: self = .wrote(try LoggedVote(from: &reader))
        case .accepted: self = .accepted(try LoggedVote(from: &reader))
        case .decided: self = .decided(try DecisionCertificate(from: &reader))
        case .stable: self = .stable(try CheckpointCertificate(from: &reader))
        }
    }
}
