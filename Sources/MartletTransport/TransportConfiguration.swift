// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// How the bytes between two principals are protected.
package enum TransportSecurity: Hashable, Sendable {
    /// TLS 1.3, both ends proving their Ed25519 key.
    case tls
    /// Nothing is encrypted and keys are merely claimed: anyone can be anyone. It exists to measure the price of TLS.
    case plaintextForBenchmarks
}

/// The limits of protocol §9 that concern connections, and the times of the transport. Sizes are in bytes; all are upper
/// bounds unless the name says otherwise.
package struct TransportConfiguration: Hashable, Sendable {
    package var security: TransportSecurity = .tls
    /// Where members are dialled.
    package var dialling = DialMap()

    // MARK: Frames

    /// The longest frame that is taken from a replica. It must hold a checkpoint's manifest, and its longest chunk.
    package var replicaFrameBytesMax = Limits.peerFrameBytes.max
    /// The longest frame that is taken from a client, and by a client from a replica.
    package var clientFrameBytesMax = Limits.clientFrameBytes.max
    /// How much is kept of frames of all clients of which the rest has not come. Beyond it those connections are closed whose
    /// frames were begun longest ago.
    package var clientPartialBytesMax = 256 << 20

    // MARK: Waiting to be sent

    /// How much may wait on a link to a replica. Beyond it new frames are dropped and counted; the protocol sends again
    /// whatever is still needed. One frame alone may be longer.
    package var replicaQueueBytesMax = 64 << 20
    /// How much may wait for a client that reads slowly. Beyond it the connection is closed.
    package var clientQueueBytesMax = 16 << 20
    /// How much a link keeps for a peer that it cannot reach. Beyond it the older frames go, since the newest matter.
    package var unreachableQueueBytesMax = 1 << 20

    // MARK: Connections

    /// The most connections of clients, all together.
    package var clientConnectionsMax = 4096
    /// The most connections of one client's key.
    package var connectionsPerClientMax = 1024
    /// The most connections of one replica; a newer one takes the place of the oldest, which is probably dead.
    package var connectionsPerReplicaMax = 2
    /// The most connections that have not finished their handshake; a newer one takes the place of the oldest.
    package var unfinishedConnectionsMax = 256

    // MARK: Times

    /// How long a TCP connection may take to be made.
    package var connectTimeMax = Interval.seconds(3)
    /// From an accepted or made TCP connection to a finished handshake.
    package var handshakeTimeMax = Interval.seconds(5)
    /// How long a closing connection may take to send what is queued.
    package var closeTimeMax = Interval.seconds(2)
    /// The wait before the first new attempt; it doubles with each further one.
    package var backOffMin = Interval.milliseconds(50)
    /// The longest wait between two attempts.
    package var backOffMax = Interval.seconds(2)
    /// A connection that lasted this long was a good one: after it the waits begin anew.
    package var steadyAfter = Interval.seconds(2)
    /// How long a silent TCP connection is left alone before the peer is asked whether it still lives, in seconds.
    package var keepAliveIdleSeconds = 15

    package init() {}

    /// Says what is wrong with a setting, naming it; nil when all make sense.
    package var complaint: String? {
        let sizes = [
            ("replicaFrameBytesMax", replicaFrameBytesMax), ("clientFrameBytesMax", clientFrameBytesMax),
            ("clientPartialBytesMax", clientPartialBytesMax), ("replicaQueueBytesMax", replicaQueueBytesMax),
            ("clientQueueBytesMax", clientQueueBytesMax),
            ("unreachableQueueBytesMax", unreachableQueueBytesMax),
        ]
        for (name, size) in sizes where !(1024...(1 << 30)).contains(size) {
            return "\(name) is \(size), but must be from 1024 to \(1 << 30)"
        }
        let counts = [
            ("clientConnectionsMax", clientConnectionsMax), ("connectionsPerClientMax", connectionsPerClientMax),
            ("connectionsPerReplicaMax", connectionsPerReplicaMax),
            ("unfinishedConnectionsMax", unfinishedConnectionsMax), ("keepAliveIdleSeconds", keepAliveIdleSeconds),
        ]
        for (name, count) in counts where !(1...(1 << 20)).contains(count) {
            return "\(name) is \(count), but must be from 1 to \(1 << 20)"
        }
        if backOffMin == .zero { return "backOffMin must not be zero" }
        return backOffMin <= backOffMax ? nil : "backOffMin is longer than backOffMax"
    }
}
