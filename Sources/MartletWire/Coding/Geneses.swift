// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension ClientAccess: WireCodable {
    private enum Tag: UInt8 {
        case open = 1
        case allowList = 2
    }

    package func encode(into writer: inout Writer) {
        switch self {
        case .open: writer.write(Tag.open.rawValue)
        case .allowList(let keys):
            writer.write(Tag.allowList.rawValue)
            writer.writeList(keys)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        switch try reader.enumeration(Tag.self, "client access") {
        case .open: self = .open
        case .allowList: self = .allowList(try reader.list(of: PublicKey.self, Limits.allowedClients))
        }
    }
}

extension OriginState: WireCodable {
    package static var encodedBytesMin: Int { 32 + 8 + 32 }

    package func encode(into writer: inout Writer) {
        group.encode(into: &writer)
        writer.write(instance)
        digest.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            group: try Digest(from: &reader), instance: try reader.positive(Instance.self),
            digest: try Digest(from: &reader))
    }
}

extension GenesisOrigin: WireCodable {
    package static var encodedBytesMin: Int { OriginState.encodedBytesMin + 32 }

    package func encode(into writer: inout Writer) {
        state.encode(into: &writer)
        nonce.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(state: try OriginState(from: &reader), nonce: try Digest(from: &reader))
    }
}

extension Genesis: WireCodable {
    package static var encodedBytesMin: Int { 1 + 4 + 1 + 1 + 4 + 4 + 1 + 1 + GroupSettings.encodedBytesMin }

    /// Of one that begins with another group's state. All others are written as they were before there were such, so that groups keep
    /// their ids.
    private static let versionWithOrigin: UInt8 = 2

    package func encode(into writer: inout Writer) {
        writer.write(origin == nil ? WireFormat.version : Self.versionWithOrigin)
        writer.writeString(name)
        writer.write(faultModel.rawValue, UInt8(f))
        writer.writeList(members)
        writer.writeList(administrators)
        writer.write(UInt8(administratorsNeeded))
        clientAccess.encode(into: &writer)
        settings.encode(into: &writer)
        if let origin { origin.encode(into: &writer) }
    }

    package init(from reader: inout Reader) throws(WireError) {
        let version = try reader.uint8()
        guard version == WireFormat.version || version == Self.versionWithOrigin else {
            throw .unknownVersion(version)
        }
        let name = try reader.string(Limits.groupNameBytes)
        let faultModel = try reader.enumeration(FaultModel.self, "fault model")
        let f = Int(try reader.uint8())
        let members = try reader.list(of: Member.self, Limits.members)
        let administrators = try reader.list(of: PublicKey.self, Limits.administrators)
        let needed = Int(try reader.uint8())
        let access = try ClientAccess(from: &reader)
        let settings = try GroupSettings(from: &reader)
        let origin = version == Self.versionWithOrigin ? try GenesisOrigin(from: &reader) : nil
        do throws(ViewError) {
            try self.init(
                name: name, faultModel: faultModel, f: f, members: members, administrators: administrators,
                administratorsNeeded: needed, clientAccess: access, settings: settings, origin: origin)
        } catch {
            throw .invalid(error.description)
        }
    }
}
