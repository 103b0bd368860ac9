// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension CheckpointProof: WireCodable {
    package static var encodedBytesMin: Int { Genesis.encodedBytesMin + 4 + CheckpointCertificate.encodedBytesMin }

    package func encode(into writer: inout Writer) {
        genesis.encode(into: &writer)
        writer.writeList(chain)
        certificate.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            genesis: try Genesis(from: &reader), chain: try reader.list(of: ViewCertificate.self, Limits.viewChain),
            certificate: try CheckpointCertificate(from: &reader))
    }
}
