// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A message from a replica after verification: what the core is given, and what is known of each kind by then.
package enum VerifiedMessage: Hashable, Sendable {
    /// The batch's digest is computed from its bytes.
    case propose(Verified<Proposal>)
    case write(Verified<WriteVote>)
    /// The signature is not checked yet.
    case accept(Verified<AcceptVote>)
    case decided(Verified<Decided>)
    case stop(Verified<Stop>)
    /// All signatures are valid, its own and those inside, and its content is well-formed.
    case stopData(Verified<StopData>)
    /// The leader's signature is valid, and so is every StopData inside, each of another member and for this epoch. The
    /// channel may be another replica's.
    case sync(Verified<Sync>)
    /// The signature is valid.
    case checkpoint(Verified<CheckpointVote>)
    /// Digests are computed; proofs that are not valid were taken away.
    case forwarded(Verified<[AdmittedForward]>)
    case vouches(Verified<Vouches>)
    case fetchRequests(Verified<FetchRequests>)
    case fetchBatch(Verified<FetchBatch>)
    /// Each body has its entry's digest, and the batch's own is computed.
    case batchBody(Verified<ResolvedBatch>)
    case fetchDecisions(Verified<FetchDecisions>)
    /// Consecutive instances; digests match and certificates are valid quorums.
    case decisions(Verified<[ProvenDecision]>)
    case fetchCheckpoint(Verified<FetchCheckpoint>)
    /// The certificate is a valid quorum.
    case checkpointOffer(Verified<CheckpointCertificate>)
    case fetchManifest(Verified<CheckpointName>)
    /// It has the digest of the checkpoint that it names.
    case manifest(Verified<NamedManifest>)
    case fetchChunks(Verified<FetchChunks>)
    /// Its digest is computed; whether it is the right one the manifest tells.
    case chunk(Verified<HashedChunk>)
    case progress(Verified<Progress>)
    case probe(Verified<Probe>)
    case probeEcho(Verified<ProbeEcho>)
    /// Its padding is no longer than the largest proposal.
    case challenge(Verified<Challenge>)
    case challengeResponse(Verified<ChallengeResponse>)
    /// The signature is valid, and `next` is a view of this group with the following number.
    case install(Verified<Install>)
    case fetchViews(Verified<FetchViews>)
    /// Consecutive, each proved by the one before it, the first by a view that was known.
    case views(Verified<ViewChainPart>)
    /// The sender's own, signed by it as a replica; the digest is computed.
    case operation(Verified<AdmittedRequest>)
}
