// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How every link of a world behaves. Chances are in thousandths.
package struct LinkModel: Hashable, Sendable {
    /// Each message takes from `delayMin` to `delayMin` + `delaySpread`: a spread above zero reorders.
    package var delayMin = Interval.microseconds(200)
    package var delaySpread = Interval.microseconds(300)
    /// So many messages take up to `slowExtra` longer, as if a packet had been lost below.
    package var slowPermille = 0
    package var slowExtra = Interval.milliseconds(20)
    /// Only until the network heals.
    package var lossPermille = 0
    package var duplicatePermille = 0

    package init() {}
}

/// A set of nodes of the world: replicas by position, then clients by position.
package struct NodeSet: Hashable, Sendable, CustomStringConvertible {
    package static let nodesMax = 64
    private var bits: UInt64 = 0

    package init(_ nodes: [Int] = []) {
        for node in nodes { bits |= 1 << UInt64(node) }
    }

    package func contains(_ node: Int) -> Bool { bits & (1 << UInt64(node)) != 0 }

    package var description: String {
        "{" + (0..<Self.nodesMax).filter(contains).map(String.init).joined(separator: ",") + "}"
    }
}

/// While it lasts, nothing gets from one set of nodes to the other. A full partition is two of them.
package struct LinkFault: Hashable, Sendable {
    package let from: NodeSet
    package let to: NodeSet
    package let begin: Instant
    package let end: Instant

    package init(from: NodeSet, to: NodeSet, begin: Instant, end: Instant) {
        self.from = from
        self.to = to
        self.begin = begin
        self.end = end
    }

    package func cuts(from sender: Int, to receiver: Int, at now: Instant) -> Bool {
        now >= begin && now < end && from.contains(sender) && to.contains(receiver)
    }
}
