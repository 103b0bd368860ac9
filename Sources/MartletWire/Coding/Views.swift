// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension Member: WireCodable {
    package static var encodedBytesMin: Int { 2 + 32 + 4 + 2 + 1 }

    package func encode(into writer: inout Writer) {
        writer.write(id)
        key.encode(into: &writer)
        writer.writeString(host)
        writer.write(UInt16(port))
        writer.write(isHeavy)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            id: try reader.number(ReplicaID.self), key: try PublicKey(from: &reader),
            host: try reader.string(Limits.hostBytes), port: Int(try reader.uint16()), isHeavy: try reader.bool())
    }
}

extension GroupSettings: WireCodable {
    package static var encodedBytesMin: Int { 14 * 4 + 4 + 2 }

    /// The settings must be within their bounds (`complaint`), as those of a view or genesis are.
    package func encode(into writer: inout Writer) {
        writer.write(UInt32(window))
        writer.write(UInt32(batchRequestsMax))
        writer.write(UInt32(batchBytesMax))
        writer.write(UInt32(checkpointPeriod))
        writer.write(UInt32(requestBytesMax))
        writer.write(UInt32(pipelineMax))
        writer.write(UInt32(sessionsPerClientMax))
        writer.write(UInt32(sessionsMax))
        writer.write(UInt32(clockBoundMilliseconds))
        writer.write(UInt32(measuringPermille))
        writer.write(UInt32(calculationPeriod))
        writer.write(UInt32(goalPermille))
        writer.write(UInt32(goalMicroseconds))
        writer.write(UInt32(rejoinMilliseconds))
        writer.write(isPinned)
        writer.write(hasUnorderedReads)
        writer.write(executesTentatively)
        writer.write(isDurable)
        writer.write(UInt16(protocolVersion))
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init()
        window = Int(try reader.uint32())
        batchRequestsMax = Int(try reader.uint32())
        batchBytesMax = Int(try reader.uint32())
        checkpointPeriod = Int(try reader.uint32())
        requestBytesMax = Int(try reader.uint32())
        pipelineMax = Int(try reader.uint32())
        sessionsPerClientMax = Int(try reader.uint32())
        sessionsMax = Int(try reader.uint32())
        clockBoundMilliseconds = Int(try reader.uint32())
        measuringPermille = Int(try reader.uint32())
        calculationPeriod = Int(try reader.uint32())
        goalPermille = Int(try reader.uint32())
        goalMicroseconds = Int(try reader.uint32())
        rejoinMilliseconds = Int(try reader.uint32())
        isPinned = try reader.bool()
        hasUnorderedReads = try reader.bool()
        executesTentatively = try reader.bool()
        isDurable = try reader.bool()
        protocolVersion = Int(try reader.uint16())
    }
}

extension Incarnation: WireCodable {
    package static var encodedBytesMin: Int { 2 + 8 + 8 + 4 + 1 }

    package func encode(into writer: inout Writer) {
        writer.write(replica)
        writer.write(number, admitted.rawValue)
        versions.encode(into: &writer)
        writer.write(UInt8(times))
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            replica: try reader.number(ReplicaID.self), number: try reader.uint64(),
            admitted: try reader.number(Timestamp.self), versions: try ProtocolVersions(from: &reader),
            times: Int(try reader.uint8()))
    }
}

extension Learner: WireCodable {
    package static var encodedBytesMin: Int { Member.encodedBytesMin + 1 }

    package func encode(into writer: inout Writer) {
        member.encode(into: &writer)
        writer.write(replaced != nil)
        if let replaced { writer.write(replaced) }
    }

    package init(from reader: inout Reader) throws(WireError) {
        let member = try Member(from: &reader)
        self.init(member, replacing: try reader.bool() ? try reader.number(ReplicaID.self) : nil)
    }
}

extension Administration: WireCodable {
    package static var encodedBytesMin: Int { 4 + 1 }

    package func encode(into writer: inout Writer) {
        writer.writeList(keys)
        writer.write(UInt8(needed))
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            keys: try reader.list(of: PublicKey.self, Limits.administrators), needed: Int(try reader.uint8()))
        if let complaint { throw .invalid(complaint) }
    }
}

extension View: WireCodable {
    package static var encodedBytesMin: Int {
        1 + 32 + 8 + 1 + 1 + 4 + 4 + GroupSettings.encodedBytesMin + 4 + 4 + Administration.encodedBytesMin + 2 + 8
    }
    package var encodedSizeHint: Int {
        Self.encodedBytesMin + audience.count * (Member.encodedBytesMin + 32) + 32 * administration.keys.count
    }

    /// Its first one knew neither learners nor administrators, its second one no versions of the protocol.
    private static let version: UInt8 = 3

    package func encode(into writer: inout Writer) {
        writer.write(Self.version)
        group.encode(into: &writer)
        writer.write(number)
        writer.write(faultModel.rawValue, UInt8(f))
        writer.writeList(members)
        writer.writeList(leaderOrder.map { self[$0].id })
        settings.encode(into: &writer)
        writer.writeList(incarnations)
        writer.writeList(learners)
        administration.encode(into: &writer)
        writer.write(lastID)
        writer.write(lastOperation)
    }

    package init(from reader: inout Reader) throws(WireError) {
        let version = try reader.uint8()
        guard version == Self.version else { throw .unknownVersion(version) }
        let group = try Digest(from: &reader)
        let number = try reader.positive(ViewNumber.self)
        let faultModel = try reader.enumeration(FaultModel.self, "fault model")
        let f = Int(try reader.uint8())
        let members = try reader.list(of: Member.self, Limits.members)
        let order = try reader.list(of: ReplicaID.self, Limits.members)
        let settings = try GroupSettings(from: &reader)
        let incarnations = try reader.list(of: Incarnation.self, Limits.members)
        let learners = try reader.list(of: Learner.self, Limits.learners)
        let administration = try Administration(from: &reader)
        let lastID = try reader.number(ReplicaID.self)
        let lastOperation = try reader.number(OperationNumber.self)
        do throws(ViewError) {
            try self.init(
                group: group, number: number, faultModel: faultModel, f: f, members: members, leaderOrder: order,
                settings: settings, incarnations: incarnations, learners: learners, administration: administration,
                lastID: lastID, lastOperation: lastOperation)
        } catch {
            throw .invalid(error.description)
        }
    }
}
