// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes

/// Why a replica does not start, or cannot go on.
public enum ReplicaError: Error, Hashable, CustomStringConvertible {
    /// The genesis does not name this replica.
    case notAMember(ReplicaID)
    /// The key given is not the one that the genesis names for this replica.
    case wrongKey(ReplicaID, expected: PublicKey, found: PublicKey)
    case invalidConfiguration(String)
    /// The home directory is that of another replica, or of another group.
    case homeOfAnother(path: String, found: String, expected: String)
    case homeUnusable(path: String, reason: String)
    case cannotListen(address: String, reason: String)
    /// The service could not take over the state that the group agreed on.
    case serviceFailed(String)

    public var description: String {
        switch self {
        case .notAMember(let id):
            "replica \(id) is not a member of this group"
        case .wrongKey(let id, let expected, let found):
            "the group knows replica \(id) by the key \(expected), but the key given is \(found)"
        case .invalidConfiguration(let complaint):
            complaint
        case .homeOfAnother(let path, let found, let expected):
            "\(path) belongs to \(found), not to \(expected): give each replica of each group a directory of its own"
        case .homeUnusable(let path, let reason):
            "\(path) cannot be used: \(reason)"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address): \(reason)"
        case .serviceFailed(let reason):
            reason
        }
    }
}
