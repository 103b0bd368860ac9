// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Reads whose answers are held back until what they saw is decided, in the order in which they came; few, since that is
/// hardly longer than a round of votes.
struct WaitingReads: Sendable {
    struct Read: Sendable {
        let read: ReadRequest
        let client: ClientID
        let ticket: UInt64
        /// What it found; nil while it cannot run.
        var answer: ReadAnswer?
        /// The newest instance in the state that it saw.
        var ranAt = Instance.zero

        init(read: ReadRequest, client: ClientID, ticket: UInt64) {
            self.read = read
            self.client = client
            self.ticket = ticket
        }

        var bytes: Int { read.query.count + (answer?.result.count ?? 0) }
    }

    static let countMax = 4096
    static let bytesMax = 16 << 20
    /// Of one client, so that others have room.
    static let countOfOneClientMax = 256
    /// Of queries and results of one client; one larger than that still waits alone.
    static let bytesOfOneClientMax = 1 << 20

    private var reads: [Read] = []
    private var bytes = 0
    /// Only looked up.
    private var clients: [ClientID: (count: Int, bytes: Int)] = [:]

    var count: Int { reads.count }

    var isEmpty: Bool { reads.isEmpty }

    /// False when there is no room for it.
    mutating func add(_ read: Read) -> Bool {
        let own = clients[read.client] ?? (0, 0)
        guard reads.count < Self.countMax, bytes + read.bytes <= Self.bytesMax || reads.isEmpty,
            own.count < Self.countOfOneClientMax, own.bytes + read.bytes <= Self.bytesOfOneClientMax || own.count == 0
        else { return false }
        reads.append(read)
        bytes += read.bytes
        clients[read.client] = (own.count + 1, own.bytes + read.bytes)
        return true
    }

    mutating func takeAll() -> [Read] {
        defer {
            reads = []
            bytes = 0
            clients = [:]
        }
        return reads
    }

    /// What was beyond that instance is not so any more: whatever was found there is looked up again.
    mutating func runAgain(beyond last: Instance) {
        for place in reads.indices where reads[place].ranAt > last {
            // What it counted for stays counted: the same will be found again, or hardly more.
            reads[place].answer = nil
            reads[place].ranAt = .zero
        }
    }
}
