// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The members in a genesis file.
enum MemberList {
    static let names = ["id", "key", "address", "heavy"]

    struct Entry {
        var member: Member
        /// Nil where the file leaves it open.
        let isHeavy: Bool?
    }

    static func members(in value: YAMLValue) throws(ConfigurationError) -> [Entry] {
        var entries: [Entry] = []
        for item in try value.list() {
            let entry = try entry(in: item)
            if let complaint = complaint(about: entry.member, beside: entries.map(\.member)) {
                throw item.error(complaint)
            }
            entries.append(entry)
        }
        guard (1...ReplicaSet.membersMax).contains(entries.count) else {
            throw value.error("a group has 1 to \(ReplicaSet.membersMax) members, not \(entries.count)")
        }
        return entries
    }

    private static func entry(in item: YAMLValue) throws(ConfigurationError) -> Entry {
        let map = try item.map(of: names)
        let id = try map.required("id").integer(in: 0...Int(UInt16.max))
        let key = try GenesisFile.publicKey(map.required("key"))
        let place = try map.required("address")
        let address: Address
        do {
            address = try Address(place.text())
        } catch let failure as CommandFailure {
            throw place.error(failure.description)
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw place.error("\(error)")
        }
        let member = Member(id: ReplicaID(UInt16(id)), key: key, host: address.host, port: address.port, isHeavy: false)
        return Entry(member: member, isHeavy: try map["heavy"]?.boolean())
    }

    private static func complaint(about member: Member, beside others: [Member]) -> String? {
        for other in others {
            if other.id == member.id { return "two members have the id \(member.id)" }
            if other.key == member.key { return "members \(other.id) and \(member.id) have the same key" }
            if other.host == member.host && other.port == member.port {
                return "members \(other.id) and \(member.id) have the same address \(member.host):\(member.port)"
            }
        }
        return nil
    }

    /// Where no member says whether it is heavy, the first ones are.
    static func choosingHeavy(
        _ entries: [Entry], rule: QuorumRule, in value: YAMLValue
    ) throws(ConfigurationError) -> [Member] {
        let isChosen = entries.contains { $0.isHeavy != nil }
        let stated = entries.count { $0.isHeavy == true }
        guard !isChosen || stated == rule.heavyCount else {
            throw value.error("\(rule.heavyCount) members must be heavy, not \(stated)")
        }
        return entries.enumerated().map { place, entry in
            let isHeavy = isChosen ? entry.isHeavy == true : place < rule.heavyCount
            return entry.member.weighing(isHeavy: isHeavy)
        }
    }
}

extension Member {
    func weighing(isHeavy: Bool) -> Member { Member(id: id, key: key, host: host, port: port, isHeavy: isHeavy) }
}
