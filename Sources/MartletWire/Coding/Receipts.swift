// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension Provenance: WireCodable {
    package static var encodedBytesMin: Int { 32 + 8 + 8 }

    package func encode(into writer: inout Writer) {
        request.encode(into: &writer)
        writer.write(instance.rawValue, time.rawValue)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            request: try Digest(from: &reader), instance: try reader.positive(Instance.self),
            time: try reader.number(Timestamp.self))
    }
}

extension ReceiptStatement: WireCodable {
    package static var encodedBytesMin: Int { 8 + Provenance.encodedBytesMin + 32 }

    package func encode(into writer: inout Writer) {
        writer.write(view)
        provenance.encode(into: &writer)
        result.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try reader.positive(ViewNumber.self), provenance: try Provenance(from: &reader),
            result: try Digest(from: &reader))
    }
}

extension ReceiptShare: WireCodable {
    package static var encodedBytesMin: Int { RequestID.encodedBytesMin + ReceiptStatement.encodedBytesMin + 64 }
    package var encodedSizeHint: Int { Self.encodedBytesMin }

    package func encode(into writer: inout Writer) {
        request.encode(into: &writer)
        statement.encode(into: &writer)
        signature.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            request: try RequestID(from: &reader), statement: try ReceiptStatement(from: &reader),
            signature: try Signature(from: &reader))
    }
}

extension Receipt: WireCodable {
    package static var encodedBytesMin: Int {
        1 + 32 + 4 + 8 + Request.encodedBytesMin + 4 + 8 + 8 + 4
    }

    package var encodedSizeHint: Int {
        chain.reduce(Self.encodedBytesMin) { $0 + $1.encodedSizeHint } + request.encodedSizeHint + result.count
            + shares.count * SignatureShare.encodedBytesMin
    }

    package func encode(into writer: inout Writer) {
        writer.write(WireFormat.version)
        group.encode(into: &writer)
        writer.writeList(chain)
        writer.write(view)
        request.encode(into: &writer)
        writer.writeBytes(result)
        writer.write(instance.rawValue, time.rawValue)
        writer.writeList(shares)
    }

    /// Shares strictly ascend by replica: nobody signs twice.
    package init(from reader: inout Reader) throws(WireError) {
        try reader.expectVersion()
        self.init(
            group: try Digest(from: &reader), chain: try reader.list(of: ViewCertificate.self, Limits.viewChain),
            view: try reader.positive(ViewNumber.self), request: try Request(from: &reader),
            result: try reader.bytes(Limits.resultBytes), instance: try reader.positive(Instance.self),
            time: try reader.number(Timestamp.self),
            shares: try reader.list(of: SignatureShare.self, Limits.shares) { share in share.replica })
    }
}
