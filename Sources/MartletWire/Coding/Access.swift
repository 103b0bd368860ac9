// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension ClientLimits: WireCodable {
    package static var encodedBytesMin: Int { 12 }

    package func encode(into writer: inout Writer) {
        writer.write(sessionsMax)
        writer.write(batchRequestsMax)
        writer.write(batchBytesMax)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            sessionsMax: try reader.uint32(), batchRequestsMax: try reader.uint32(), batchBytesMax: try reader.uint32())
    }
}

extension AccessTable.Entry: WireCodable {
    package static var encodedBytesMin: Int { 32 + 1 }

    package func encode(into writer: inout Writer) {
        client.encode(into: &writer)
        writer.write(isAdmitted)
        if isAdmitted { limits.encode(into: &writer) }
    }

    package init(from reader: inout Reader) throws(WireError) {
        let client = try ClientID(from: &reader)
        self = try reader.bool() ? .admitted(client, ClientLimits(from: &reader)) : .expelled(client)
    }
}

extension AccessTable: WireCodable {
    package static var encodedBytesMin: Int { 1 + 4 }
    package var encodedSizeHint: Int { 5 + 45 * entries.count }

    package func encode(into writer: inout Writer) {
        writer.write(policy.rawValue)
        writer.writeList(entries)
    }

    /// Clients strictly ascend.
    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            policy: try reader.enumeration(Policy.self, "client access"),
            entries: try reader.list(of: Entry.self, Limits.accessEntries) { entry in entry.client })
    }
}

extension AccessSummary: WireCodable {
    package static var encodedBytesMin: Int { 1 + 4 + 4 }

    package func encode(into writer: inout Writer) {
        writer.write(policy.rawValue)
        writer.write(admitted)
        writer.write(expelled)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            policy: try reader.enumeration(AccessTable.Policy.self, "client access"), admitted: try reader.uint32(),
            expelled: try reader.uint32())
    }
}

extension AccessChange.Grant: WireCodable {
    package static var encodedBytesMin: Int { 32 + 12 }

    package func encode(into writer: inout Writer) {
        client.encode(into: &writer)
        limits.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(try ClientID(from: &reader), try ClientLimits(from: &reader))
    }
}

extension AccessChange: WireCodable {
    private enum Tag: UInt8 {
        case policy = 1
        case admit
        case expel
        case forget
        case replace
    }

    package static var encodedBytesMin: Int { 2 }

    package func encode(into writer: inout Writer) {
        switch self {
        case .policy(let policy): writer.write(Tag.policy.rawValue, policy.rawValue)
        case .admit(let grants):
            writer.write(Tag.admit.rawValue)
            writer.writeList(grants)
        case .expel(let clients):
            writer.write(Tag.expel.rawValue)
            writer.writeList(clients)
        case .forget(let clients):
            writer.write(Tag.forget.rawValue)
            writer.writeList(clients)
        case .replace(let former, let client):
            writer.write(Tag.replace.rawValue)
            former.encode(into: &writer)
            client.encode(into: &writer)
        }
    }

    /// Clients strictly ascend.
    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Tag.self, "change of access") {
        case .policy: self = .policy(try reader.enumeration(AccessTable.Policy.self, "client access"))
        case .admit:
            self = .admit(try reader.list(of: Grant.self, Limits.clientsOfOneChange) { grant in grant.client })
        case .expel:
            self = .expel(try reader.list(of: ClientID.self, Limits.clientsOfOneChange) { client in client })
        case .forget:
            self = .forget(try reader.list(of: ClientID.self, Limits.clientsOfOneChange) { client in client })
        case .replace: self = .replace(try ClientID(from: &reader), by: try ClientID(from: &reader))
        }
    }
}
