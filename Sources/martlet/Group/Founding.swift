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

    func genesis() throws(CommandFailure) -> Genesis {
        let f = f ?? FaultBudget.fMax(faultModel, members: members.count)
        if let complaint = FaultBudget(faultModel: faultModel, members: members.count, f: f).complaint {
            throw CommandFailure(complaint)
        }
        let rule = QuorumRule(faultModel: faultModel, n: members.count, f: f)
        let list = members.enumerated().map { place, member in
            Member(
                id: ReplicaID(UInt16(place)), key: member.key, host: member.address.host, port: member.address.port,
                isHeavy: place < rule.heavyCount)
        }
        do {
            return try Genesis(
                name: name, faultModel: faultModel, f: f, members: list, administrators: administrators,
                administratorsNeeded: administrators.isEmpty ? 0 : 1, clientAccess: clientAccess,
                settings: settings)
        } catch {
            throw CommandFailure(error.description)
        }
    }
}
