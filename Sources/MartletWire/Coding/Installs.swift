// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension Install: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + View.encodedBytesMin + 64 }
    package var encodedSizeHint: Int { 8 + 8 + next.encodedSizeHint + 64 }

    package func encode(into writer: inout Writer) {
        encodeUnsigned(into: &writer)
        signature.encode(into: &writer)
    }

    func encodeUnsigned(into writer: inout Writer) {
        writer.write(view.rawValue, last.rawValue)
        next.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try reader.positive(ViewNumber.self), last: try reader.positive(Instance.self),
            next: try View(from: &reader), signature: try Signature(from: &reader))
    }
}

extension ViewCertificate: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + View.encodedBytesMin + 4 }
    package var encodedSizeHint: Int {
        20 + next.encodedSizeHint + shares.count * SignatureShare.encodedBytesMin
    }

    package func encode(into writer: inout Writer) {
        writer.write(view.rawValue, last.rawValue)
        next.encode(into: &writer)
        writer.writeList(shares)
    }

    /// Shares strictly ascend by replica: nobody signs twice.
    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try reader.positive(ViewNumber.self), last: try reader.positive(Instance.self),
            next: try View(from: &reader),
            shares: try reader.list(of: SignatureShare.self, Limits.shares) { share in share.replica })
    }
}

extension FetchViews: WireCodable {
    package static var encodedBytesMin: Int { 8 }
    package func encode(into writer: inout Writer) { writer.write(after) }
    package init(from reader: inout Reader) throws(WireError) {
        self.init(after: try reader.positive(ViewNumber.self))
    }
}

extension ViewChainPart: WireCodable {
    package static var encodedBytesMin: Int { 4 }
    package var encodedSizeHint: Int { certificates.reduce(into: 4) { sum, it in sum += it.encodedSizeHint } }
    package func encode(into writer: inout Writer) { writer.writeList(certificates) }
    package init(from reader: inout Reader) throws(WireError) {
        self.init(certificates: try reader.list(of: ViewCertificate.self, Limits.viewCertificates))
    }
}
