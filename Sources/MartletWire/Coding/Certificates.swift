// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension SignatureShare: WireCodable {
    package static var encodedBytesMin: Int { 2 + 64 }

    package func encode(into writer: inout Writer) {
        writer.write(replica)
        signature.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(replica: try reader.number(ReplicaID.self), signature: try Signature(from: &reader))
    }
}

extension DecisionCertificate: WireCodable {
    package static var encodedBytesMin: Int { 16 + 8 + 32 + 4 }
    package var encodedSizeHint: Int { Self.encodedBytesMin + shares.count * SignatureShare.encodedBytesMin }

    package func encode(into writer: inout Writer) {
        writer.write(epoch.view.rawValue, epoch.regency.rawValue, instance.rawValue)
        writer.write(digest.words)
        writer.writeList(shares)
    }

    /// Shares strictly ascend by replica: nobody signs twice.
    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            epoch: try Epoch(from: &reader), instance: try reader.positive(Instance.self),
            digest: try Digest(from: &reader),
            shares: try reader.list(of: SignatureShare.self, Limits.shares) { share in share.replica })
    }
}

extension CheckpointCertificate: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + 32 + 4 }
    package var encodedSizeHint: Int { Self.encodedBytesMin + shares.count * SignatureShare.encodedBytesMin }

    package func encode(into writer: inout Writer) {
        writer.write(view.rawValue, instance.rawValue)
        writer.write(digest.words)
        writer.writeList(shares)
    }

    /// Shares strictly ascend by replica: nobody signs twice.
    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try reader.positive(ViewNumber.self), instance: try reader.positive(Instance.self),
            digest: try Digest(from: &reader),
            shares: try reader.list(of: SignatureShare.self, Limits.shares) { share in share.replica })
    }
}
