// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Why a call of `KVClient` failed, beside what its submitter throws.
public enum KVError: Error, Hashable, Sendable {
    /// The service refuses the operation, and nothing was changed.
    case refused(KVRefusal)
    /// The group answered with something that is no result of this operation: it runs another service or version.
    case unexpectedResult
}

extension KVError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .unexpectedResult: "the group answered with no result of this operation; does it run the same service?"
        }
    }
}
