// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension WriteVote: WireCodable {
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

extension AcceptVote: WireCodable {
    package static var encodedBytesMin: Int { WriteVote.encodedBytesMin + 64 }

    package func encode(into writer: inout Writer) {
        writer.write(epoch.view.rawValue, epoch.regency.rawValue, instance.rawValue)
        writer.write(digest.words)
        signature.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            epoch: try Epoch(from: &reader), instance: try reader.positive(Instance.self),
            digest: try Digest(from: &reader), signature: try Signature(from: &reader))
    }
}

extension Decided: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + 32 }

    package func encode(into writer: inout Writer) {
        writer.write(view.rawValue, instance.rawValue)
        writer.write(digest.words)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try reader.positive(ViewNumber.self), instance: try reader.positive(Instance.self),
            digest: try Digest(from: &reader))
    }
}

extension CheckpointVote: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + 32 + 64 }

    package func encode(into writer: inout Writer) {
        writer.write(view.rawValue, instance.rawValue)
        writer.write(digest.words)
        signature.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try reader.positive(ViewNumber.self), instance: try reader.positive(Instance.self),
            digest: try Digest(from: &reader), signature: try Signature(from: &reader))
    }
}
