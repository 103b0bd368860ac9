// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What the faulty members of a group may do.
public enum FaultModel: UInt8, Sendable, Hashable, CaseIterable {
    /// Anything at all: n ≥ 3f+1.
    case byzantine = 1
    /// Stop, and nothing else: n ≥ 2f+1.
    case crash = 2

    /// The fewest members that tolerate `f` faulty ones.
    public func membersMin(f: Int) -> Int { self == .byzantine ? 3 * f + 1 : 2 * f + 1 }
}

extension FaultModel: CustomStringConvertible {
    public var description: String { self == .byzantine ? "byzantine" : "crash" }

    /// By the name that `description` gives; nil for any other.
    public init?(_ name: String) {
        switch name {
        case "byzantine": self = .byzantine
        case "crash": self = .crash
        default: return nil
        }
    }
}
