// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import Logging
package import MartletCore
public import MartletCrypto
package import MartletLog
package import MartletTransport
public import MartletTypes

/// What a replica is started with. All but the genesis is this replica's own business.
public struct ReplicaConfiguration: Sendable {
    /// One directory of what a replica of a durable group keeps.
    package typealias Files = any FileStore & ~Copyable & Sendable
    package typealias FileOpening = @Sendable (_ path: String) throws(FileError) -> Files

    /// What the group is founded on; the same at all members.
    public var genesis: Genesis
    /// Which replica of the group this is: a member of the genesis, or one that the administrators have added since, or are about to.
    public var replica: ReplicaID
    /// The key that the group knows this replica by.
    public var key: SigningKey
    /// Where others of the group listen that a replica may ask which the genesis does not list, or not with this key; `HOST:PORT` in parts.
    /// The genesis members are asked anyway; whoever answers has to prove what it says.
    public var via: [Contact] = []
    /// Where to listen when that is not the address by which the others know this replica.
    /// Nil for that address itself; each part by itself.
    public var listenHost: String?
    /// See `listenHost`.
    public var listenPort: Int?
    /// Where the replica remembers that it has voted. Without a directory it cannot tell a restart from a first start:
    /// then it must never be restarted, or it may contradict votes of its own.
    public var homeDirectory: String?
    /// Where a group begins with the state of another one (`Genesis.origin`): the backup that holds it. Nil for the file `origin` in the
    /// home directory.
    public var originFile: String?
    /// Told who leads and why that changed, who is connected, and what is refused; details at `debug`.
    public var logger: Logger
    /// Whether the service is executed on a thread of its own. Right for a service whose operations take long; for one
    /// whose operations take microseconds the changes between threads would cost more than they gain.
    public var executesOnOwnThread = false

    /// The versions of the protocol to speak: fewer than the program can, to run it as an older one would be.
    package var versions = ProtocolVersions.supported
    package var timeouts = Timeouts()
    package var transport = TransportConfiguration()
    /// The most bytes that wait to be ordered from all clients together, and as many again from replicas, before nothing
    /// more is read from them.
    package var mailboxBytesMax = 32 << 20
    /// How much of the disk of a durable replica is read through a second, in search of damage; 0: nothing.
    package var scrubBytesPerSecond = 8 << 20
    /// Between two passes over it.
    package var scrubPause = Interval.seconds(60)
    /// How many threads serve the connections.
    package var networkThreadCount = 1
    /// Opens a directory that is there. For tests: of what power cuts do, say.
    package var openFiles: FileOpening = { path throws(FileError) in try FileDirectory(at: path) }

    public init(
        genesis: Genesis, replica: ReplicaID, key: SigningKey, homeDirectory: String?, logger: Logger
    ) {
        self.genesis = genesis
        self.replica = replica
        self.key = key
        self.homeDirectory = homeDirectory
        self.logger = logger
    }
}
