// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A set of nodes of the world: replicas by position, then clients by position.
package struct NodeSet: Hashable, Sendable, CustomStringConvertible {
    package static let nodesMax = 64
    private var bits: UInt64 = 0

    package init(_ nodes: [Int] = []) {
        for node in nodes { bits |= 1 << UInt64(node) }
    }

    package func contains(_ node: Int) -> Bool { bits & (1 << UInt64(node)) != 0 }

    package var nodes: [Int] { (0..<Self.nodesMax).filter(contains) }

    package var description: String { "{" + nodes.map(String.init).joined(separator: ",") + "}" }
}

/// What is wrong for a while with the links from one set of nodes to another. A full partition is two of them; a partial
/// one leaves nodes out of both sets.
package struct LinkFault: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Nothing gets through.
        case cut
        /// Messages are held until the fault ends, then all arrive in a burst.
        case clog
        /// So many of a thousand messages are lost.
        case lossy(permille: Int)
        /// Each message takes so much longer, and up to `spread` more by chance.
        case slow(by: Interval, spread: Interval = .zero)
    }

    package let from: NodeSet
    package let to: NodeSet
    package let begin: Instant
    package let end: Instant
    package let kind: Kind
    /// Only messages of these kinds are concerned; nil for all.
    package let messages: [MessageKind]?

    package init(
        from: NodeSet, to: NodeSet, begin: Instant, end: Instant, kind: Kind = .cut, messages: [MessageKind]? = nil
    ) {
        self.from = from
        self.to = to
        self.begin = begin
        self.end = end
        self.kind = kind
        self.messages = messages
    }

    package func concerns(_ message: MessageKind, from sender: Int, to receiver: Int, at now: Instant) -> Bool {
        now >= begin && now < end && from.contains(sender) && to.contains(receiver)
            && messages.map { $0.contains(message) } ?? true
    }
}

/// A client's connections to some replicas are broken for a while: both sides know, and what is under way is lost.
package struct ClientLinkFault: Hashable, Sendable {
    package let client: Int
    package let replicas: NodeSet
    package let begin: Instant
    package let end: Instant

    package init(client: Int, replicas: NodeSet, begin: Instant, end: Instant) {
        self.client = client
        self.replicas = replicas
        self.begin = begin
        self.end = end
    }
}
