// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension Probe: WireCodable {
    package static var encodedBytesMin: Int { 8 }
    package func encode(into writer: inout Writer) { writer.write(sequence) }
    package init(from reader: inout Reader) throws(WireError) {
        self.init(sequence: try reader.number(SequenceNumber.self))
    }
}

extension ProbeEcho: WireCodable {
    package static var encodedBytesMin: Int { 8 }
    package func encode(into writer: inout Writer) { writer.write(sequence) }
    package init(from reader: inout Reader) throws(WireError) {
        self.init(sequence: try reader.number(SequenceNumber.self))
    }
}
