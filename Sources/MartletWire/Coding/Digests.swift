// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension Digest: WireCodable {
    package static var encodedBytesMin: Int { 32 }
    package func encode(into writer: inout Writer) { writer.write(words) }
    package init(from reader: inout Reader) throws(WireError) { self.init(words: try reader.words32()) }
}

extension PublicKey: WireCodable {
    package static var encodedBytesMin: Int { 32 }
    package func encode(into writer: inout Writer) { writer.write(words) }
    package init(from reader: inout Reader) throws(WireError) { self.init(words: try reader.words32()) }
}

extension ClientID: WireCodable {
    package static var encodedBytesMin: Int { 32 }
    package func encode(into writer: inout Writer) { writer.write(key.words) }
    package init(from reader: inout Reader) throws(WireError) { self.init(try PublicKey(from: &reader)) }
}

extension Signature: WireCodable {
    package static var encodedBytesMin: Int { 64 }

    package func encode(into writer: inout Writer) {
        writer.write(first)
        writer.write(second)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(first: try reader.words32(), second: try reader.words32())
    }
}
