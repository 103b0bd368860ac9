// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import Logging
public import MartletCrypto
package import MartletTransport
public import MartletTypes
package import NIOCore

/// What a client is started with. All but the genesis is this client's own business.
public struct ClientConfiguration: Sendable {
    /// What the group is founded on.
    public var genesis: Genesis
    /// Where others of the group listen that this client may ask for the newest view; `HOST:PORT` in parts. Needed where all that the genesis
    /// lists have been replaced: of the members that it lists, one that can still be reached suffices. Whoever answers has to prove what it
    /// says.
    public var via: [Contact] = []
    /// Who this client is. Several processes may use one key; each has sessions of its own.
    public var key: SigningKey
    /// Is told, in words, which replicas cannot be reached and why, and what calls wait for.
    public var logger: Logger
    /// How long a call may take that is given no deadline of its own.
    public var deadline = Duration.seconds(60)
    /// Sign every write, so that the group need never ask for it.
    public var signsRequests = false
    /// After how long without an answer the log says what is being waited for.
    public var warnAfter = Duration.seconds(2)

    package var transport = TransportConfiguration()
    /// Where everything happens; one of the process's shared loops when nil.
    package var eventLoop: (any EventLoop)?
    /// Spreads retransmissions and attempts to connect over time.
    package var seed: UInt64 = 0

    public init(genesis: Genesis, key: SigningKey, logger: Logger) {
        self.genesis = genesis
        self.key = key
        self.logger = logger
    }
}
