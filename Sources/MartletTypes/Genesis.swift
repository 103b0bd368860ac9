// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Who may be a client of a group when it begins; its administrators may change that (`AccessTable`).
public enum ClientAccess: Hashable, Sendable {
    /// Anyone with a key.
    case open
    /// The holders of these keys only.
    case allowList([PublicKey])

    package func admits(_ client: ClientID) -> Bool {
        switch self {
        case .open: true
        case .allowList(let keys): keys.contains(client.key)
        }
    }
}

/// What a group is founded on: everyone who trusts this trusts the group. Its canonical encoding's digest is the
/// group's id, which every signature covers.
public struct Genesis: Hashable, Sendable {
    /// For people; at most 64 bytes.
    public let name: String
    public let faultModel: FaultModel
    /// How many members may be faulty: n ≥ 3f+1, in a `crash` group n ≥ 2f+1; 0 means one replica.
    public let f: Int
    /// In the order in which they lead; 2f of them (in a `crash` group f) are heavy.
    public let members: [Member]
    /// The administrators' keys, `administratorsNeeded` of which must sign an operation (protocol §8).
    public let administrators: [PublicKey]
    /// From 1 to the number of administrators; 0 when there are none.
    public let administratorsNeeded: Int
    /// Whom the replicas serve to begin with.
    public let clientAccess: ClientAccess
    /// What must be equal at all members.
    public let settings: GroupSettings
    /// With the state of which other group this one begins; nil where the service begins as it is made. Each member holds that state in a
    /// backup of its own.
    public let origin: GenesisOrigin?

    package static let nameBytesMax = 64
    package static let allowedClientsMax = 65_536

    /// Throws `ViewError` when no group can be founded on it, saying which rule it breaks.
    public init(
        name: String, faultModel: FaultModel, f: Int, members: [Member], administrators: [PublicKey],
        administratorsNeeded: Int, clientAccess: ClientAccess, settings: GroupSettings, origin: GenesisOrigin? = nil
    ) throws(ViewError) {
        self.name = name
        self.faultModel = faultModel
        self.f = f
        self.members = members
        self.administrators = administrators
        self.administratorsNeeded = administratorsNeeded
        self.clientAccess = clientAccess
        self.settings = settings
        self.origin = origin
        guard name.utf8.count <= Self.nameBytesMax else {
            throw ViewError("a group's name has at most \(Self.nameBytesMax) bytes, not \(name.utf8.count)")
        }
        if case .allowList(let keys) = clientAccess {
            guard keys.count <= Self.allowedClientsMax else {
                throw ViewError("at most \(Self.allowedClientsMax) clients can be listed, not \(keys.count)")
            }
            guard Set(keys).count == keys.count else { throw ViewError("a client's key is listed twice") }
        }
        if let origin, origin.state.instance == .zero {
            throw ViewError(
                "a group begins with another one's state after its first instance or a later one, not after 0")
        }
        _ = try firstView(group: .zero)
    }

    /// The view with number 1; the leaders follow each other in the order of the members.
    package func firstView(group: Digest) throws(ViewError) -> View {
        try View(
            group: group, number: .genesis, faultModel: faultModel, f: f, members: members,
            leaderOrder: members.map(\.id), settings: settings,
            administration: Administration(keys: administrators, needed: administratorsNeeded))
    }
}
