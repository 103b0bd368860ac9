// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What a core keeps in memory that others can make it keep, so that each of it must have a bound.
package enum CoreHolding: String, Hashable, Sendable, CaseIterable {
    // Requests
    case pendingRequests = "pending requests"
    case pendingBytes = "bytes of pending payloads"
    case pendingOfOneClient = "pending requests of one client"
    /// Requests that only other replicas have spoken of.
    case rumours = "requests known from hearsay"
    case rumourBytes = "bytes of payloads known from hearsay"
    /// Requests that running proposals lack.
    case wantedRequests = "requests that proposals lack"

    // Instances
    case instances = "instances"
    case batchesOfOneInstance = "batches of one instance"
    /// With a payload, or without.
    case batchEntries = "entries of all batches"
    case batchBytes = "bytes of payloads in batches"
    /// WRITE, ACCEPT and DECIDED, those that are counted and the signed ones that may become a certificate.
    case votesOfOneInstance = "votes of one instance"
    case writeSetOfOneInstance = "digests in one write set"

    // Leader change and checkpoints
    /// This replica's own, those collected, and those of an epoch to come.
    case stopData = "STOPDATA"
    case claimsOfOneStopData = "claims of one STOPDATA"
    case checkpointVotes = "votes for checkpoints"

    // Views
    case installs = "words on the next view"
    /// Proposals and votes of a view that this replica has not entered.
    case earlyMessagesOfOneMember = "early messages of one member"
    /// Of its proposals among them.
    case earlyEntriesOfOneMember = "entries in early proposals of one member"

    // Fetching a state, and handing one out
    /// Also of the one before that it goes on from.
    case fetchedBytes = "bytes of a state that is fetched"
    case chunksAskedOfOneMember = "chunks asked of one member"
    case chunksAwaitedByOneMember = "chunks that one member waits for"
    case archivedBytes = "bytes of decisions kept for those behind"

    // In a durable group
    case unwrittenRecords = "records that are not durable"

    // Replicated state
    case sessions = "sessions"
    case clients = "clients in the session table"

    // Measuring
    /// With what became of them.
    case challengesOfOneMember = "challenges to one member"
}
