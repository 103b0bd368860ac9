// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What is signed. Its bytes begin with the purpose, so that nothing signed for one can count for another, and name the
/// group, the signer, and every field of the message but the signature (protocol §1).
package enum Statement: Hashable, Sendable {
    case accept(AcceptVote)
    case checkpoint(CheckpointVote)
    case stopData(StopData)
    case sync(Sync)
    /// A client's word for the requests that it wrote at once, by their digests in order.
    case requests([Digest])
    case install(Install)
    /// An administrator's word for an operation on the group.
    case reconfiguration(Reconfiguration)
    /// A member's own operation, by its request's digest.
    case operation(Digest)
    /// A member's word for a receipt. Never for anything tentative.
    case receipt(ReceiptStatement)

    package func bytes(group: Digest, sender: Principal) -> Bytes {
        var writer = Writer(capacity: 256)
        write(group: group, sender: sender, into: &writer)
        return writer.finish()
    }

    /// Appends the bytes to be signed, for whoever keeps a writer.
    package func write(group: Digest, sender: Principal, into writer: inout Writer) {
        writer.writeConstant(purpose)
        group.encode(into: &writer)
        sender.encode(into: &writer)
        switch self {
        case .accept(let vote):
            writer.write(vote.epoch.view.rawValue, vote.epoch.regency.rawValue, vote.instance.rawValue)
            vote.digest.encode(into: &writer)
        case .checkpoint(let vote):
            writer.write(vote.view.rawValue, vote.instance.rawValue)
            vote.digest.encode(into: &writer)
        case .stopData(let data): data.encodeUnsigned(into: &writer)
        case .sync(let sync): sync.encodeUnsigned(into: &writer)
        case .requests(let digests): writer.writeList(digests)
        case .install(let install): install.encodeUnsigned(into: &writer)
        case .reconfiguration(let operation): operation.encodeUnsigned(into: &writer)
        case .operation(let digest): digest.encode(into: &writer)
        case .receipt(let statement): statement.encode(into: &writer)
        }
    }

    private var purpose: StaticString {
        switch self {
        case .accept: "martlet/v1/accept"
        case .checkpoint: "martlet/v1/checkpoint"
        case .stopData: "martlet/v1/stopdata"
        case .sync: "martlet/v1/sync"
        case .requests: "martlet/v1/requests"
        case .install: "martlet/v1/install"
        case .reconfiguration: "martlet/v1/reconfiguration"
        case .operation: "martlet/v1/operation"
        case .receipt: "martlet/v1/receipt"
        }
    }
}

extension Principal: WireCodable {
    private enum Tag: UInt8 {
        case replica = 1
        case client = 2
    }

    package static var encodedBytesMin: Int { 1 + 2 }

    package func encode(into writer: inout Writer) {
        switch self {
        case .replica(let id):
            writer.write(Tag.replica.rawValue)
            writer.write(id)
        case .client(let id):
            writer.write(Tag.client.rawValue)
            id.encode(into: &writer)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Tag.self, "principal") {
        case .replica: self = .replica(try reader.number(ReplicaID.self))
        case .client: self = .client(try ClientID(from: &reader))
        }
    }
}
