// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension RequestKind: WireCodable {
    private enum Tag: UInt8 {
        case open = 1
        case operation = 2
        case orderedRead = 3
        case reconfiguration = 4
        case measure = 5
        case rejoin = 6
    }

    package static var encodedBytesMin: Int { 1 }
    package var encodedSizeHint: Int {
        if case .reconfiguration(let operation) = self { 1 + operation.encodedSizeHint } else { 1 }
    }

    package func encode(into writer: inout Writer) {
        switch self {
        case .open: writer.write(Tag.open.rawValue)
        case .operation: writer.write(Tag.operation.rawValue)
        case .orderedRead: writer.write(Tag.orderedRead.rawValue)
        case .measure: writer.write(Tag.measure.rawValue)
        case .rejoin: writer.write(Tag.rejoin.rawValue)
        case .reconfiguration(let operation):
            writer.write(Tag.reconfiguration.rawValue)
            operation.encode(into: &writer)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Tag.self, "kind of request") {
        case .open: self = .open
        case .operation: self = .operation
        case .orderedRead: self = .orderedRead
        case .measure: self = .measure
        case .rejoin: self = .rejoin
        case .reconfiguration: self = .reconfiguration(try Reconfiguration(from: &reader))
        }
    }
}

extension Request: WireCodable {
    package static var encodedBytesMin: Int { RequestID.encodedBytesMin + 1 + 8 + 4 }
    package var encodedSizeHint: Int { Self.encodedBytesMin - 1 + kind.encodedSizeHint + payload.count }

    package func encode(into writer: inout Writer) {
        id.encode(into: &writer)
        kind.encode(into: &writer)
        writer.write(repliesKeptFrom)
        writer.writeBytes(payload)
    }

    /// An opening names no session; neither it nor a reconfiguration has a payload; sequences start at 1.
    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            id: try RequestID(from: &reader), kind: try RequestKind(from: &reader),
            repliesKeptFrom: try reader.number(SequenceNumber.self), payload: try reader.bytes(Limits.payloadBytes))
        guard id.sequence.rawValue > 0 else { throw .valueOutOfRange(field: "sequence", value: 0) }
        switch kind {
        case .open:
            guard id.session == .none, payload.isEmpty else {
                throw .notCanonical("an opening names a session or has a payload")
            }
        case .reconfiguration:
            guard payload.isEmpty else { throw .notCanonical("a reconfiguration has a payload") }
        case .rejoin:
            guard payload.count == Rejoin.payloadBytes else { throw .notCanonical("a REJOIN is too long or too short") }
        case .operation, .orderedRead, .measure: break
        }
    }
}

extension RequestProof: WireCodable {
    package static var encodedBytesMin: Int { 4 + 64 }
    package var encodedSizeHint: Int { Self.encodedBytesMin + 32 * digests.count }

    package func encode(into writer: inout Writer) {
        writer.writeList(digests)
        signature.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            digests: try reader.list(of: Digest.self, Limits.proofDigests), signature: try Signature(from: &reader))
    }
}

extension RequestBundle: WireCodable {
    package static var encodedBytesMin: Int { 4 + 1 }
    package var encodedSizeHint: Int {
        requests.reduce(into: 4 + 1 + 64) { sum, request in sum += request.encodedSizeHint }
    }

    package func encode(into writer: inout Writer) {
        writer.writeList(requests)
        writer.writeOptional(signature)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            requests: try reader.list(of: Request.self, Limits.bundleRequests),
            signature: try reader.optional(Signature.self))
    }
}

extension ReadRequest: WireCodable {
    package static var encodedBytesMin: Int { 8 + 4 }
    package var encodedSizeHint: Int { Self.encodedBytesMin + query.count }

    package func encode(into writer: inout Writer) {
        writer.write(number)
        writer.writeBytes(query)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(number: try reader.uint64(), query: try reader.bytes(Limits.payloadBytes))
    }
}
