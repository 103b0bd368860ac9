// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes

/// Why a replica does not start, or cannot go on.
public enum ReplicaError: Error, Hashable, CustomStringConvertible {
    /// The key given is another member's.
    case wrongKey(ReplicaID, keyOf: ReplicaID, found: PublicKey)
    /// That view was the first that did not list this replica any more.
    case removed(ReplicaID, in: ViewNumber)
    /// That view has replaced the key given by another one.
    case keyReplaced(ReplicaID, in: ViewNumber, by: PublicKey, found: PublicKey)
    /// From that view on the group speaks this version of the protocol, which is none of those that this replica can.
    case versionUnspoken(Int, in: ViewNumber, spoken: String)
    case invalidConfiguration(String)
    /// The home directory is that of another replica, or of another group.
    case homeOfAnother(path: String, found: String, expected: String)
    case homeUnusable(path: String, reason: String)
    case cannotListen(address: String, reason: String)
    /// The service could not take over the state that the group agreed on.
    case serviceFailed(String)

    public var description: String {
        switch self {
        case .wrongKey(let id, let other, let found):
            "the key given for replica \(id), \(found), is that of replica \(other): give each replica its own"
        case .removed(let id, let view):
            "replica \(id) was removed from the group in view \(view): no id is given twice, so whoever shall come back is added anew, under another id and with an empty home"
        case .keyReplaced(let id, let view, let key, let found):
            "view \(view) has replaced the key of replica \(id): it is \(key) now, but the key given is the former one, \(found)"
        case .versionUnspoken(let version, let view, let spoken):
            "from view \(view) on the group speaks version \(version) of the protocol, but this program speaks \(spoken): start the replica with a newer one"
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
