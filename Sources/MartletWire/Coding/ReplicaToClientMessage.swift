// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension ReplicaToClientMessage: WireCodable {
    private enum Tag: UInt8 {
        case reply = 1
        case readReply = 2
        case refusal = 3
        case status = 4
        case views = 5
        case adaptation = 6
        case receipt = 7
    }

    package static var encodedBytesMin: Int { 2 }
    package var encodedSizeHint: Int {
        switch self {
        case .reply(let reply): 2 + reply.encodedSizeHint
        case .readReply(let reply): 2 + reply.encodedSizeHint
        case .refusal: 2 + Refusal.encodedBytesMin
        case .status(let status): 2 + ReplicaStatus.encodedBytesMin + 64 + 16 * status.peers.count
        case .views(let part): 2 + part.encodedSizeHint
        case .adaptation(let report): 2 + report.encodedSizeHint
        case .receipt: 2 + ReceiptShare.encodedBytesMin
        }
    }

    package func encode(into writer: inout Writer) {
        switch self {
        case .reply(let reply):
            writer.write(WireFormat.version, Tag.reply.rawValue)
            reply.encode(into: &writer)
        case .readReply(let reply):
            writer.write(WireFormat.version, Tag.readReply.rawValue)
            reply.encode(into: &writer)
        case .refusal(let refusal):
            writer.write(WireFormat.version, Tag.refusal.rawValue)
            refusal.encode(into: &writer)
        case .status(let status):
            writer.write(WireFormat.version, Tag.status.rawValue)
            status.encode(into: &writer)
        case .views(let part):
            writer.write(WireFormat.version, Tag.views.rawValue)
            part.encode(into: &writer)
        case .adaptation(let report):
            writer.write(WireFormat.version, Tag.adaptation.rawValue)
            report.encode(into: &writer)
        case .receipt(let share):
            writer.write(WireFormat.version, Tag.receipt.rawValue)
            share.encode(into: &writer)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        try reader.expectVersion()
        switch try reader.enumeration(Tag.self, "message to a client") {
        case .reply: self = .reply(try Reply(from: &reader))
        case .readReply: self = .readReply(try ReadReply(from: &reader))
        case .refusal: self = .refusal(try Refusal(from: &reader))
        case .status: self = .status(try ReplicaStatus(from: &reader))
        case .views: self = .views(try ViewChainPart(from: &reader))
        case .adaptation: self = .adaptation(try AdaptationReport(from: &reader))
        case .receipt: self = .receipt(try ReceiptShare(from: &reader))
        }
    }
}

extension ReplicaStatus: WireCodable {
    package static var encodedBytesMin: Int {
        2 + 1 + 16 + 1 + 2 + 32 + 4 + 4 + 4 + 1 + 1 + AccessSummary.encodedBytesMin + 4
    }

    package func encode(into writer: inout Writer) {
        writer.write(replica)
        writer.write(mode.rawValue)
        epoch.encode(into: &writer)
        writer.write(isSynced)
        writer.write(leader)
        writer.write(decided.rawValue, executed.rawValue)
        writer.write(stableCheckpoint.rawValue, highestKnown.rawValue)
        writer.write(pendingRequests)
        writer.writeString(softwareVersion)
        writer.write(damagesFound)
        writer.write(isDamaged)
        writer.writeOptional(fetching)
        access.encode(into: &writer)
        writer.writeList(peers)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            replica: try reader.number(ReplicaID.self), mode: try reader.enumeration(ReplicaMode.self, "mode"),
            epoch: try Epoch(from: &reader), isSynced: try reader.bool(), leader: try reader.number(ReplicaID.self),
            decided: try reader.number(Instance.self), executed: try reader.number(Instance.self),
            stableCheckpoint: try reader.number(Instance.self), highestKnown: try reader.number(Instance.self),
            pendingRequests: try reader.uint32(),
            softwareVersion: try reader.string(Limits.softwareVersionBytes), damagesFound: try reader.uint32(),
            isDamaged: try reader.bool(), fetching: try reader.optional(FetchingStatus.self),
            access: try AccessSummary(from: &reader),
            peers: try reader.list(of: PeerReport.self, Limits.peerReports, ascendingBy: \.replica))
    }
}

extension PeerReport: WireCodable {
    package static var encodedBytesMin: Int { 2 + 1 + 8 + 1 }

    package func encode(into writer: inout Writer) {
        writer.write(replica)
        writer.write(isLearner)
        writer.write(decided.rawValue)
        writer.write(unreachableSeconds != nil)
        if let unreachableSeconds { writer.write(unreachableSeconds) }
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            replica: try reader.number(ReplicaID.self), isLearner: try reader.bool(),
            decided: try reader.number(Instance.self),
            unreachableSeconds: try reader.bool() ? try reader.uint32() : nil)
    }
}

extension FetchingStatus: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + 8 + 1 }

    package func encode(into writer: inout Writer) {
        writer.write(instance.rawValue, bytesHeld, bytesTotal)
        writer.write(secondsLeft != nil)
        if let secondsLeft { writer.write(secondsLeft) }
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            instance: try reader.number(Instance.self), bytesHeld: try reader.uint64(), bytesTotal: try reader.uint64(),
            secondsLeft: try reader.bool() ? try reader.uint32() : nil)
    }
}
