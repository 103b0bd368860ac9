// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Everything one replica says to another.
package enum PeerMessage: Hashable, Sendable {
    case propose(Propose)
    case write(WriteVote)
    case accept(AcceptVote)
    case decided(Decided)
    case stop(Stop)
    case stopData(StopData)
    case sync(Sync)
    case checkpoint(CheckpointVote)
    case forwarded([ForwardedRequest])
    case vouches(Vouches)
    case fetchRequests(FetchRequests)
    case fetchBatch(FetchBatch)
    case batchBody(BatchBody)
    case fetchDecisions(FetchDecisions)
    case decisions(Decisions)
    case fetchCheckpoint(FetchCheckpoint)
    /// What the sender has, in answer to a question for a checkpoint, or for what it does not have.
    case checkpointOffer(CheckpointCertificate)
    case fetchManifest(CheckpointName)
    case manifest(NamedManifest)
    case fetchChunks(FetchChunks)
    case chunk(CheckpointChunk)
    case progress(Progress)
    case probe(Probe)
    case probeEcho(ProbeEcho)
    case challenge(Challenge)
    case challengeResponse(ChallengeResponse)
    case install(Install)
    case fetchViews(FetchViews)
    case views(ViewChainPart)
    case operation(ReplicaOperation)
}
