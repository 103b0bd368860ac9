// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// An upper bound on a length or a count, with the name by which an error tells it.
package struct Limit: Sendable {
    package let name: StaticString
    package let max: Int

    package init(_ name: StaticString, _ max: Int) {
        self.name = name
        self.max = max
    }

    func check(_ value: Int) throws(WireError) {
        guard value <= max else { throw .limitExceeded(name: name.description, value: value, max: max) }
    }
}

/// What no input may exceed, whatever a group's own settings say. Every list is also held to the bytes that are really
/// there before memory is reserved for it. Sizes are in bytes, counts in pieces.
package enum Limits {
    // Frames, for the transport.
    /// One message between replicas; large enough for the longest manifest of a checkpoint, and for a SYNC of many claims.
    package static let peerFrameBytes = Limit("peerFrameBytes", 128 << 20)
    /// One message from a client, or to one.
    package static let clientFrameBytes = Limit("clientFrameBytes", 16 << 20)
    /// Proofs of views, on the connection of a replica that has dialled: as many as travel together, of the largest group.
    package static let viewChainFrameBytes = Limit("viewChainFrameBytes", 4 << 20)
    /// A handshake message, read before anyone is known.
    package static let handshakeBytes = Limit("handshakeBytes", 512)

    // Requests and replies.
    package static let payloadBytes = Limit("payloadBytes", 8 << 20)
    package static let resultBytes = Limit("resultBytes", 8 << 20)
    package static let bundleRequests = Limit("bundleRequests", 4_096)
    /// What one signature covers.
    package static let proofDigests = Limit("proofDigests", RequestProof.digestsMax)
    package static let forwardedRequests = Limit("forwardedRequests", 16_384)

    // Ordering.
    /// As many requests as the settings allow, and a probe of each of 128 members.
    package static let batchEntries = Limit("batchEntries", 16_384 + 128)
    package static let decisions = Limit("decisions", 16_384)
    package static let shares = Limit("shares", 128)

    /// A dummy proposal's: as large as the largest batch.
    package static let paddingBytes = Limit("paddingBytes", 2 << 20)

    // Leader change. A claim for each instance up to 2K + W beyond the stable checkpoint, and W below the base.
    package static let claims = Limit("claims", 65_536)
    package static let writeSet = Limit("writeSet", 256)
    package static let collected = Limit("collected", 128)

    // Checkpoints.
    package static let chunkBytes = Limit("chunkBytes", SnapshotChunks.chunkBytesMax)
    package static let chunks = Limit("chunks", SnapshotChunks.countMax)
    package static let chunkPositions = Limit("chunkPositions", FetchChunks.positionsMax)
    package static let sessions = Limit("sessions", 1_048_576)
    package static let openings = Limit("openings", 1_048_576)
    package static let keptReplies = Limit("keptReplies", 4_096)
    package static let sequenceMarks = Limit("sequenceMarks", 64)

    // Views.
    package static let viewCertificates = Limit("viewCertificates", ViewChainPart.certificatesMax)
    /// All views of a group, for whoever begins with its genesis.
    package static let viewChain = Limit("viewChain", 1 << 20)
    /// A receipt with its magic number: of the longest operation and result, and tens of thousands of views of a small group.
    package static let receiptBytes = Limit("receiptBytes", 64 << 20)
    package static let reconfigurationTextBytes = Limit("reconfigurationTextBytes", 1_024)
    package static let members = Limit("members", ReplicaSet.membersMax)
    package static let calculations = Limit("calculations", AdaptationReport.calculationsMax)
    package static let rejectedAssignments = Limit("rejectedAssignments", Experience.rejectedMax)
    package static let accusations = Limit("accusations", Suspicion.accusationsNeeded)
    package static let learners = Limit("learners", Learner.countMax)
    package static let administrators = Limit("administrators", Administration.keysMax)
    package static let allowedClients = Limit("allowedClients", Genesis.allowedClientsMax)
    package static let accessEntries = Limit("accessEntries", AccessTable.entriesMax)
    package static let clientsOfOneChange = Limit("clientsOfOneChange", AccessChange.clientsMax)
    package static let groupNameBytes = Limit("groupNameBytes", Genesis.nameBytesMax)
    package static let hostBytes = Limit("hostBytes", Member.hostBytesMax)
    package static let peerReports = Limit("peerReports", PeerReport.countMax)
    package static let softwareVersionBytes = Limit("softwareVersionBytes", 64)
    package static let refusalTextBytes = Limit("refusalTextBytes", 255)
}
