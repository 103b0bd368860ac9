// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// How many faults a group of so many members is to tolerate.
struct FaultBudget: Equatable {
    let faultModel: FaultModel
    let members: Int
    let f: Int

    /// The most faults that so many members tolerate.
    static func fMax(_ faultModel: FaultModel, members: Int) -> Int {
        (members - 1) / (faultModel == .byzantine ? 3 : 2)
    }

    /// Why these numbers do not go together, and which would; nil when they do.
    var complaint: String? {
        if members < 1 || members > ReplicaSet.membersMax {
            return "a group has 1 to \(ReplicaSet.membersMax) members, not \(members)"
        }
        if f < 0 { return "f is \(f), but cannot be less than 0" }
        if f == 0 && members > 1 {
            return "f = 0 means one replica, not \(members): \(faultModel) faults are tolerated from "
                + "\(faultModel.membersMin(f: 1)) members (f = 1) on\(crashHint)"
        }
        let needed = faultModel.membersMin(f: min(f, ReplicaSet.membersMax))
        if members < needed {
            let rule = faultModel == .byzantine ? "3f+1" : "2f+1"
            return "\(members) members cannot tolerate f = \(f) \(faultModel) faults: \(rule) = \(needed) are needed; "
                + "\(members) tolerate f = \(Self.fMax(faultModel, members: members))\(crashHint)"
        }
        return nil
    }

    private var crashHint: String {
        let fCrash = Self.fMax(.crash, members: members)
        guard faultModel == .byzantine, fCrash > 0 else { return "" }
        return ". With the fault model crash, \(members) members tolerate f = \(fCrash)"
    }
}
