// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What stands in a field of a message, whole parts included.
enum Field: Hashable {
    case number(UInt64)
    case digest(Digest)
    case signature(Signature)
    case bytes(Bytes)
    case client(ClientID)
    case batch(Batch)
    case request(Request)
    case claim(InstanceClaim)
    case certificate(DecisionCertificate)
    case checkpointCertificate(CheckpointCertificate)
    case stopData(StopData)
}

/// What a field means: a value of one is a plausible value of another with the same meaning.
enum FieldRole: Int, CaseIterable {
    case view
    case regency
    case instance
    case time
    case sequence
    case place
    case replica
    case client
    case digest
    case signature
    case challenge
    case payload
    case state
    case batch
    case request
    case claim
    case certificate
    case checkpointCertificate
    case stopData
}

/// Values that were seen in messages, the newest of each role: one's own, and those of others.
struct FieldPool {
    private static let keptMax = 24
    private var own: [[Field]] = Array(repeating: [], count: FieldRole.allCases.count)
    private var others: [[Field]] = Array(repeating: [], count: FieldRole.allCases.count)

    mutating func keep(_ field: Field, _ role: FieldRole, isOwn: Bool, _ random: inout SeededRandom) {
        if isOwn {
            Self.keep(field, in: &own[role.rawValue], &random)
        } else {
            Self.keep(field, in: &others[role.rawValue], &random)
        }
    }

    func older(_ role: FieldRole) -> [Field] { own[role.rawValue] }
    func anothers(_ role: FieldRole) -> [Field] { others[role.rawValue] }

    private static func keep(_ field: Field, in kept: inout [Field], _ random: inout SeededRandom) {
        if kept.count < keptMax {
            kept.append(field)
        } else {
            kept[random.below(keptMax)] = field
        }
    }
}
