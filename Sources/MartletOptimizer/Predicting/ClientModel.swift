// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Where clients are: how long their requests and the replies to them take.
package struct ClientPlace: Hashable, Sendable {
    /// From here to each replica, by position.
    package let toReplicas: [Latency]
    /// From each replica to here.
    package let fromReplicas: [Latency]
    /// How many clients are here; the weight of this place in a mean.
    package let clients: Int

    /// The most clients of a place; what counts is only how they are spread.
    package static let clientsMax = 1000
    /// The most places.
    package static let placesMax = 256

    package init(toReplicas: [Latency], fromReplicas: [Latency], clients: Int = 1) {
        precondition(toReplicas.count == fromReplicas.count && (1...Self.clientsMax).contains(clients))
        self.toReplicas = toReplicas.map { $0 > .linkMax ? .missing : $0 }
        self.fromReplicas = fromReplicas.map { $0 > .linkMax ? .missing : $0 }
        self.clients = clients
    }

    /// Beside a replica.
    package init(beside replica: ReplicaIndex, _ links: LinkLatencies, clients: Int = 1) {
        let everyone = (0..<links.count).map { ReplicaIndex($0) }
        self.init(
            toReplicas: everyone.map { links[from: replica, to: $0] },
            fromReplicas: everyone.map { links[from: $0, to: replica] }, clients: clients)
    }
}

/// What clients wait for (protocol §4 and §5), and where they are.
package struct ClientModel: Hashable, Sendable {
    /// Which replies a client believes.
    package enum Replies: Hashable, Sendable, CaseIterable {
        /// As many final ones as hold a correct replica: where the group has no unordered reads.
        case weakCertificate
        /// Final ones of a quorum by weight: where it has.
        case quorum
        /// Tentative ones of a quorum, sent after the quorum of WRITE.
        case tentativeQuorum
    }

    /// How many instances run at the same time.
    package enum Window: Hashable, Sendable, CaseIterable {
        /// One: a request waits for the running instance, on average for half of it.
        case one
        /// W, enough that no request waits.
        case many
    }

    package let places: [ClientPlace]
    package let replies: Replies
    package let window: Window

    package init(places: [ClientPlace], replies: Replies, window: Window) {
        precondition((1...ClientPlace.placesMax).contains(places.count), "there must be clients, but not too many")
        self.places = places
        self.replies = replies
        self.window = window
    }
}
