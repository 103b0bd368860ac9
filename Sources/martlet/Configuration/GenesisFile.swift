// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// The readable form of what a group is founded on. Everyone who trusts the file trusts the group.
enum GenesisFile {
    static let format = "martlet-genesis 1"
    static let names = [
        "format", "group", "name", "faultModel", "f", "members", "administrators", "administratorsNeeded",
        "clientAccess", "settings", "origin",
    ]

    static func read(_ file: String) throws(ConfigurationError) -> Genesis { try genesis(in: YAMLDocument(file: file)) }

    static func read(text: String, file: String) throws(ConfigurationError) -> Genesis {
        try genesis(in: YAMLDocument(text, file: file))
    }

    private static func genesis(in document: YAMLDocument) throws(ConfigurationError) -> Genesis {
        let map = try document.root.map(of: names)
        try checkFormat(map, format)
        let faultModel = try faultModel(map.required("faultModel"))
        let members = try MemberList.members(in: map.required("members"))
        let f = try map.required("f").integer(in: 0...ReplicaSet.membersMax)
        if let complaint = FaultBudget(faultModel: faultModel, members: members.count, f: f).complaint {
            throw try map.required("f").error(complaint)
        }
        let heavy = try MemberList.choosingHeavy(
            members, rule: QuorumRule(faultModel: faultModel, n: members.count, f: f), in: map.required("members"))
        let administrators = try publicKeys(map["administrators"])
        let genesis: Genesis
        do {
            genesis = try Genesis(
                name: map.required("name").text(), faultModel: faultModel, f: f, members: heavy,
                administrators: administrators, administratorsNeeded: needed(of: administrators, map),
                clientAccess: clientAccess(map.required("clientAccess")), settings: settings(map["settings"]),
                origin: map["origin"].map(origin))
        } catch let error as ViewError {
            throw map.error(error.description)
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw map.error("\(error)")
        }
        try checkGroup(of: genesis, map["group"])
        return genesis
    }

    /// The first line of every file says what it is, so that one kind is not taken for another.
    static func checkFormat(_ map: YAMLMap, _ expected: String) throws(ConfigurationError) {
        let format = try map.required("format")
        let found = try format.text()
        guard found == expected else {
            throw format.error("the format is '\(found)', but '\(expected)' is expected here")
        }
    }

    /// A file that states the group's id must have it: a founding that was changed is another group.
    private static func checkGroup(of genesis: Genesis, _ stated: YAMLValue?) throws(ConfigurationError) {
        guard let stated else { return }
        let group = Hashing.group(of: genesis)
        guard try stated.text() == group.hexadecimal else {
            throw stated.error(
                "this is not the id of what the file says, which is \(group.hexadecimal): the file was changed after "
                    + "the group was founded. Take the original file; or, to found another group, delete this line")
        }
    }

    // MARK: Single settings

    static func faultModel(_ value: YAMLValue) throws(ConfigurationError) -> FaultModel {
        let text = try value.text()
        guard let model = FaultModel(text) else {
            throw value.error("'\(value.name)' must be byzantine or crash, not '\(text)'")
        }
        return model
    }

    static func publicKey(_ value: YAMLValue) throws(ConfigurationError) -> PublicKey {
        guard let key = PublicKey(hexadecimal: try value.text()) else {
            throw value.error(
                "'\(value.name)' must be a public key: 64 hexadecimal digits, as 'martlet key show' prints")
        }
        return key
    }

    private static func publicKeys(_ value: YAMLValue?) throws(ConfigurationError) -> [PublicKey] {
        guard let value else { return [] }
        var keys: [PublicKey] = []
        for entry in try value.list() {
            let key = try publicKey(entry)
            guard !keys.contains(key) else { throw entry.error("this key is listed twice in '\(value.name)'") }
            keys.append(key)
        }
        return keys
    }

    private static func needed(of administrators: [PublicKey], _ map: YAMLMap) throws(ConfigurationError) -> Int {
        guard let value = map["administratorsNeeded"] else { return administrators.isEmpty ? 0 : 1 }
        let bounds = administrators.isEmpty ? 0...0 : 1...administrators.count
        return try value.integer(in: bounds)
    }

    private static func clientAccess(_ value: YAMLValue) throws(ConfigurationError) -> ClientAccess {
        if value.isList { return .allowList(try publicKeys(value)) }
        let text = try value.text()
        guard text == "open" else { throw value.error("'clientAccess' must be open, or a list of keys, not '\(text)'") }
        return .open
    }

    private static func origin(_ value: YAMLValue) throws(ConfigurationError) -> GenesisOrigin {
        let map = try value.map(of: ["group", "instance", "state", "nonce"])
        let state = OriginState(
            group: try digest(map.required("group")),
            instance: Instance(UInt64(try map.required("instance").integer(in: 1...Int.max))),
            digest: try digest(map.required("state")))
        return GenesisOrigin(state: state, nonce: try digest(map.required("nonce")))
    }

    private static func digest(_ value: YAMLValue) throws(ConfigurationError) -> Digest {
        guard let digest = Digest(hexadecimal: try value.text()) else {
            throw value.error(
                "'\(value.name)' must be 64 hexadecimal digits, as 'martlet restore' writes them")
        }
        return digest
    }

    private static func settings(_ value: YAMLValue?) throws(ConfigurationError) -> GroupSettings {
        var settings = GroupSettings()
        // Not the newest: what a group is must not depend on which program reads its file.
        settings.protocolVersion = 1
        guard let value else { return settings }
        let map = try value.map(of: GroupSettingsTable.names)
        for name in GroupSettingsTable.names {
            guard let given = map[name] else { continue }
            try GroupSettingsTable.set(given, in: &settings)
            if let complaint = settings.complaint { throw given.error(complaint) }
        }
        return settings
    }
}
