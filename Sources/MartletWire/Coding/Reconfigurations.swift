// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension ViewPlan: WireCodable {
    package static var encodedBytesMin: Int { 4 + 4 + GroupSettings.encodedBytesMin }
    package var encodedSizeHint: Int { Self.encodedBytesMin + 2 * (heavy.count + leaderOrder.count) }

    package func encode(into writer: inout Writer) {
        writer.writeList(heavy)
        writer.writeList(leaderOrder)
        settings.encode(into: &writer)
    }

    /// The heavy members strictly ascend.
    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            heavy: try reader.list(of: ReplicaID.self, Limits.members) { id in id },
            leaderOrder: try reader.list(of: ReplicaID.self, Limits.members),
            settings: try GroupSettings(from: &reader))
    }
}

extension AdministratorShare: WireCodable {
    package static var encodedBytesMin: Int { 32 + 64 }

    package func encode(into writer: inout Writer) {
        administrator.encode(into: &writer)
        signature.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(administrator: try PublicKey(from: &reader), signature: try Signature(from: &reader))
    }
}

extension GroupOperation: WireCodable {
    private enum Tag: UInt8 {
        case arrange = 1
        case add
        case remove
        case tolerate
        case update
        case administer
        case upgrade
        case access
    }

    package static var encodedBytesMin: Int { 1 + 2 }

    package func encode(into writer: inout Writer) {
        switch self {
        case .arrange(let plan):
            writer.write(Tag.arrange.rawValue)
            plan.encode(into: &writer)
        case .add(let learner):
            writer.write(Tag.add.rawValue)
            learner.encode(into: &writer)
        case .remove(let id):
            writer.write(Tag.remove.rawValue)
            writer.write(id)
        case .tolerate(let model, let f):
            writer.write(Tag.tolerate.rawValue)
            writer.write(model.rawValue, UInt8(f))
        case .update(let member):
            writer.write(Tag.update.rawValue)
            member.encode(into: &writer)
        case .administer(let administration):
            writer.write(Tag.administer.rawValue)
            administration.encode(into: &writer)
        case .upgrade(let version):
            writer.write(Tag.upgrade.rawValue)
            writer.write(version)
        case .access(let change):
            writer.write(Tag.access.rawValue)
            change.encode(into: &writer)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Tag.self, "operation on the group") {
        case .arrange: self = .arrange(try ViewPlan(from: &reader))
        case .add: self = .add(try Learner(from: &reader))
        case .remove: self = .remove(try reader.number(ReplicaID.self))
        case .tolerate:
            self = .tolerate(try reader.enumeration(FaultModel.self, "fault model"), f: Int(try reader.uint8()))
        case .update: self = .update(try Member(from: &reader))
        case .administer: self = .administer(try Administration(from: &reader))
        case .upgrade: self = .upgrade(try reader.uint16())
        case .access: self = .access(try AccessChange(from: &reader))
        }
    }
}

extension Reconfiguration: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + GroupOperation.encodedBytesMin + 4 }
    package var encodedSizeHint: Int { 512 + 96 * shares.count }

    package func encode(into writer: inout Writer) {
        encodeUnsigned(into: &writer)
        writer.writeList(shares)
    }

    func encodeUnsigned(into writer: inout Writer) {
        writer.write(view)
        writer.write(number)
        operation.encode(into: &writer)
    }

    /// Shares strictly ascend by key: nobody signs twice.
    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try reader.positive(ViewNumber.self), number: try reader.positive(OperationNumber.self),
            operation: try GroupOperation(from: &reader),
            shares: try reader.list(of: AdministratorShare.self, Limits.administrators) { share in
                share.administrator
            })
    }
}

extension ReconfigurationResult: WireCodable {
    private enum Tag: UInt8 {
        case follows = 1
        case refused = 2
    }

    package static var encodedBytesMin: Int { 1 + 4 }

    package func encode(into writer: inout Writer) {
        switch self {
        case .follows(let view):
            writer.write(Tag.follows.rawValue)
            writer.write(view)
        case .refused(let reason):
            writer.write(Tag.refused.rawValue)
            writer.writeString(reason)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Tag.self, "reconfiguration's result") {
        case .follows: self = .follows(try reader.positive(ViewNumber.self))
        case .refused: self = .refused(try reader.string(Limits.reconfigurationTextBytes))
        }
    }
}
