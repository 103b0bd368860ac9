// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

extension ProtocolVersions: WireCodable {
    package static var encodedBytesMin: Int { 4 }

    package func encode(into writer: inout Writer) {
        writer.write(lowest)
        writer.write(highest)
    }

    package init(from reader: inout Reader) throws(WireError) {
        let lowest = try reader.uint16()
        let highest = try reader.uint16()
        guard lowest >= 1 else { throw .valueOutOfRange(field: "lowest version", value: 0) }
        guard lowest <= highest else { throw .valueOutOfRange(field: "highest version", value: UInt64(highest)) }
        self.init(lowest: lowest, highest: highest)
    }
}

extension Role: WireCodable {
    private enum Tag: UInt8 {
        case replica = 1
        case client = 2
    }

    package func encode(into writer: inout Writer) {
        switch self {
        case .replica(let id):
            writer.write(Tag.replica.rawValue)
            writer.write(id)
        case .client: writer.write(Tag.client.rawValue)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Tag.self, "role") {
        case .replica: self = .replica(try reader.number(ReplicaID.self))
        case .client: self = .client
        }
    }
}

extension Hello: WireCodable {
    package static var encodedBytesMin: Int { 1 + 4 + 32 + 1 + 8 }

    package func encode(into writer: inout Writer) {
        writer.write(WireFormat.version)
        versions.encode(into: &writer)
        group.encode(into: &writer)
        role.encode(into: &writer)
        writer.write(view)
    }

    package init(from reader: inout Reader) throws(WireError) {
        try reader.expectVersion()
        self.init(
            versions: try ProtocolVersions(from: &reader), group: try Digest(from: &reader),
            role: try Role(from: &reader), view: try reader.positive(ViewNumber.self))
    }
}

extension HelloAnswer: WireCodable {
    private enum Tag: UInt8 {
        case accepted = 1
        case refused = 2
    }

    package func encode(into writer: inout Writer) {
        switch self {
        case .accepted(let version, let view):
            writer.write(WireFormat.version, Tag.accepted.rawValue)
            writer.write(version)
            writer.write(view)
        case .refused(let reason, let text):
            writer.write(WireFormat.version, Tag.refused.rawValue)
            writer.write(reason.rawValue)
            writer.writeString(text)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        try reader.expectVersion()
        switch try reader.enumeration(Tag.self, "answer to a greeting") {
        case .accepted:
            self = .accepted(version: try reader.uint16(), view: try reader.positive(ViewNumber.self))
        case .refused:
            self = .refused(
                try reader.enumeration(HelloRefusal.self, "reason of a refused greeting"),
                text: try reader.string(Limits.refusalTextBytes))
        }
    }
}
