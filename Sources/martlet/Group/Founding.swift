// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What the founder of a group decides; checked before anything is written.
struct Founding {
    var name: String
    var faultModel: FaultModel
    /// Nil for the most that the members tolerate.
    var f: Int?
    var members: [FoundingMember]
    var administrators: [PublicKey]
    var clientAccess: ClientAccess
    var settings = GroupSettings()
    /// The members by place, in the order in which they lead; nil for the order in which they are listed.
    var leaders: [Int]?
    /// Which members are heavy, by place; nil for the first that lead.
    var heavy: [Int]?
    /// What the group begins with, where that is another one's state.
    var origin: GenesisOrigin?

    func genesis() throws(CommandFailure) -> Genesis {
        let f = f ?? FaultBudget.fMax(faultModel, members: members.count)
        if let complaint = FaultBudget(faultModel: faultModel, members: members.count, f: f).complaint {
            throw CommandFailure(complaint)
        }
        let rule = QuorumRule(faultModel: faultModel, n: members.count, f: f)
        let order = leaders ?? Array(members.indices)
        guard order.sorted() == Array(members.indices) else {
            throw CommandFailure("the order of leaders must name each of the members 0 to \(members.count - 1) once")
        }
        let heaviest = heavy ?? Array(order.prefix(rule.heavyCount))
        guard Set(heaviest).count == heaviest.count, heaviest.allSatisfy(members.indices.contains) else {
            throw CommandFailure("a heavy member is named twice, or is none of the members 0 to \(members.count - 1)")
        }
        // A member keeps the number of its place, wherever it stands among the leaders.
        let list = order.map { place in
            Member(
                id: ReplicaID(UInt16(place)), key: members[place].key, host: members[place].address.host,
                port: members[place].address.port, isHeavy: heaviest.contains(place))
        }
        do {
            return try Genesis(
                name: name, faultModel: faultModel, f: f, members: list, administrators: administrators,
                administratorsNeeded: administrators.isEmpty ? 0 : 1, clientAccess: clientAccess,
                settings: settings, origin: origin)
        } catch {
            throw CommandFailure(error.description)
        }
    }
}
