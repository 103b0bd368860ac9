// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A reading of both clocks, given to the core with each event.
package struct ClockReading: Hashable, Sendable {
    /// For timers.
    package var monotonic: Instant
    /// For agreed time only.
    package var wall: Timestamp

    package init(monotonic: Instant, wall: Timestamp) {
        self.monotonic = monotonic
        self.wall = wall
    }
}

/// Everything that can happen to the core.
package enum Event: Sendable {
    // From clients, on their own channels.
    case requests(Verified<[AdmittedRequest]>)

    // From replicas, this one included (its own proposals, votes and stop data come back by the loopback link).
    case propose(Verified<Proposal>)
    case write(Verified<WriteVote>)
    /// The signature is not checked yet.
    case accept(Verified<AcceptVote>)
    case decided(Verified<Decided>)
    case stop(Verified<Stop>)
    /// The signature is valid, and so are all those inside; its content is well-formed (`StopDataRules`).
    case stopData(Verified<StopData>)
    /// The leader's signature is valid, and so is every StopData inside. The channel may be another replica's.
    case sync(Verified<Sync>)
    /// The signature is valid.
    case checkpoint(Verified<CheckpointVote>)
    case forwarded(Verified<[AdmittedForward]>)
    case vouches(Verified<Vouches>)
    case fetchRequests(Verified<FetchRequests>)
    case fetchBatch(Verified<FetchBatch>)
    case batchBody(Verified<ResolvedBatch>)
    case fetchDecisions(Verified<FetchDecisions>)
    /// Consecutive instances; digests and certificates are valid.
    case decisions(Verified<[ProvenDecision]>)
    case fetchCheckpoint(Verified<FetchCheckpoint>)
    /// The certificate is valid and the state has its digest.
    case checkpointState(Verified<CheckpointState>)
    case progress(Verified<Progress>)

    // From the stages to the right, by the mailbox.
    /// The certificate that Effects.checks asked about, without the shares that are not valid.
    case certificateChecked(DecisionCertificate)
    case executed(upTo: Instance)
    /// The digest of the checkpoint image after that instance.
    case snapshotTaken(Instance, Digest)
    /// An ordered `.install` is done: the state is that of the image (whose replies and application may be left empty).
    case checkpointInstalled(CheckpointImage)

    /// The time `nextDeadline` named has come.
    case deadline
}
