// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension Epoch: WireCodable {
    package static var encodedBytesMin: Int { 16 }

    package func encode(into writer: inout Writer) { writer.write(view.rawValue, regency.rawValue) }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(view: try reader.positive(ViewNumber.self), regency: try reader.positive(Regency.self))
    }
}

extension SessionID: WireCodable {
    package static var encodedBytesMin: Int { 12 }

    package func encode(into writer: inout Writer) {
        writer.write(instance)
        writer.write(place)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(instance: try reader.number(Instance.self), place: try reader.uint32())
        guard instance > .zero || self == .none || self == .ofReplicas else {
            throw .notCanonical("a session of instance 0 has the place \(place)")
        }
    }
}

extension RequestID: WireCodable {
    package static var encodedBytesMin: Int { 52 }

    package func encode(into writer: inout Writer) {
        client.encode(into: &writer)
        session.encode(into: &writer)
        writer.write(sequence)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            client: try ClientID(from: &reader), session: try SessionID(from: &reader),
            sequence: try reader.number(SequenceNumber.self))
    }
}

extension ReplicaID: WireCodable {
    package static var encodedBytesMin: Int { 2 }
    package func encode(into writer: inout Writer) { writer.write(rawValue) }
    package init(from reader: inout Reader) throws(WireError) { self.init(try reader.uint16()) }
}
