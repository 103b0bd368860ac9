// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletCrypto
import MartletTypes

/// What the founder of a group says, for `martlet init` and `martlet restore`.
struct FoundingOptions: ParsableArguments {
    @Argument(help: "The directory to make; it must not exist, or be empty.") var directory: String
    @Option(help: "How many replicas to make on this machine.") var replicas: Int?
    @Option(help: "A member as PUBLICKEY@HOST:PORT; once for each, in the order in which they lead.")
    var member: [String] = []
    @Option(help: "How many members may be faulty (default: as many as can be).") var f: Int?
    @Option(help: "What a faulty member may do: byzantine (anything) or crash (stop).")
    var faultModel = "byzantine"
    @Option(help: "The members' numbers in the order in which they lead, as 4,0,1,2,3 (default: as they are listed).")
    var leaders: String?
    @Option(help: "The members that are heavy, as 4,0 (default: the first that lead).") var heavy: String?
    @Option(help: "An administrator's public key or key file; once for each.") var admin: [String] = []
    @Option(help: "Who may be a client: open (the default), or a file with one public key a line.")
    var clientAccess: String?
    @Flag(
        help: """
            Replicas keep what they vote for in memory only (default: they write it down first). Faster, but one that restarts has \
            to be admitted again, and if too many lose power at once the group is lost.
            """)
    var memory = false
    @Option(help: "The group's name.") var name = "martlet"
    @Option(help: "The port of the first replica; the others follow (default: free ones).") var basePort: Int?
    @Option(
        help: """
            Which version of the protocol the group speaks at first (default: the newest); for replicas with older programs.
            """
    )
    var protocolVersion = ProtocolVersions.supported.highest

    func validate() throws {
        guard (replicas != nil) != !member.isEmpty else {
            throw ValidationError("say either --replicas N (all on this machine) or --member PUBLICKEY@HOST:PORT …")
        }
        guard replicas == nil || (1...ReplicaSet.membersMax).contains(replicas ?? 0) else {
            throw ValidationError("--replicas must be from 1 to \(ReplicaSet.membersMax)")
        }
        guard basePort == nil || replicas != nil else {
            throw ValidationError("--base-port goes with --replicas; members name their own ports")
        }
        guard ProtocolVersions.supported.contains(protocolVersion) else {
            throw ValidationError(
                "this program speaks protocol version \(ProtocolVersions.supported), not \(protocolVersion)")
        }
        guard FaultModel(faultModel) != nil else { throw ValidationError("--fault-model is byzantine or crash") }
        for (name, text) in [("leaders", leaders), ("heavy", heavy)] where text.map({ NumberList($0) == nil }) ?? false
        {
            throw ValidationError("--\(name) are numbers of members, as in 4,0")
        }
    }

    /// Makes the keys that are to be made, and writes everything; the report is for the caller to tell. `origin` is what the group
    /// begins with; `addToHome` puts what else belongs there into each replica's home.
    func found(
        origin: GenesisOrigin? = nil, addToHome: (String) throws -> Void = { _ in }
    ) throws -> (GroupDirectory, Genesis) {
        let directory = GroupDirectory(directory)
        try directory.requireVacant()
        let replicaKeys = (0..<(replicas ?? 0)).map { _ in SigningKey() }
        let clientKey = replicas == nil ? nil : SigningKey()
        var settings = GroupSettings()
        settings.isDurable = !memory
        settings.protocolVersion = Int(protocolVersion)
        let founding = try Founding(
            name: name, faultModel: FaultModel(faultModel) ?? .byzantine, f: f, members: members(with: replicaKeys),
            administrators: admin.isEmpty ? clientKey.map { [$0.publicKey] } ?? [] : admin.map(PublicKeyList.key),
            clientAccess: access(for: clientKey), settings: settings,
            leaders: leaders.flatMap(NumberList.init)?.numbers,
            heavy: heavy.flatMap(NumberList.init)?.numbers, origin: origin)
        let genesis = try founding.genesis()
        try GroupFounder(directory: directory, genesis: genesis)
            .write(replicaKeys: replicaKeys, clientKey: clientKey, addToHome: addToHome)
        return (directory, genesis)
    }

    /// A group that did not serve everybody is not followed by one that does because nobody thought of it.
    func requireDecidedAccess(after former: AccessTable) throws {
        guard clientAccess == nil, former != .open else { return }
        let whom =
            former.policy == .listed
            ? "serves only the \(former.summary.admitted) clients on its list"
            : "has a list of clients, \(former.summary.expelled) of them expelled"
        throw CommandFailure(
            "the group that the backup is of \(whom), and the new one has a list of its own: say --client-access FILE (one public key a line), or --client-access open to serve anyone with a key"
        )
    }

    private func members(with keys: [SigningKey]) throws -> [FoundingMember] {
        guard !keys.isEmpty else { return try member.map { try FoundingMember($0) } }
        let base = try basePort ?? FreePorts.consecutive(keys.count)
        guard base >= 1, base + keys.count <= 65_536 else {
            throw CommandFailure("--base-port \(base) leaves no room for \(keys.count) ports from 1 to 65535")
        }
        return keys.enumerated().map { place, key in
            FoundingMember(key: key.publicKey, address: Address(host: "127.0.0.1", port: base + place))
        }
    }

    /// The client that is made here is always let in.
    private func access(for clientKey: SigningKey?) throws -> ClientAccess {
        guard let clientAccess, clientAccess != "open" else { return .open }
        let listed = try PublicKeyList.keys(inFile: clientAccess)
        let own = clientKey.map { [$0.publicKey] } ?? []
        return .allowList(own.filter { !listed.contains($0) } + listed)
    }
}
