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
    /// From a client, on its own channel.
    case requests(Verified<[AdmittedRequest]>)
    /// From a replica, this one included: its own proposals, votes and stop data come back by the loopback link.
    case message(VerifiedMessage)

    // From the stages to the right, by the mailbox.
    /// The certificate that Effects.checks asked about, without the shares that are not valid.
    case certificateChecked(DecisionCertificate)
    case executed(upTo: Instance)
    /// The digest of the checkpoint image after that instance.
    case snapshotTaken(Instance, Digest)
    /// What came of one of `Effects.serves`.
    case served(CheckpointServed)
    /// What came of one of `Effects.lookUps`: each has the digest that was asked for, computed from the bytes that are there now.
    case chunksFound(CheckpointName, [FoundChunk])
    /// That member sent a manifest that is not the one of the checkpoint that it names.
    case manifestDiffers(CheckpointName, from: ReplicaID)
    /// An ordered `.install` is done: the state is that of the image (whose replies may be left empty).
    case checkpointInstalled(CheckpointImage)
    /// What came of a calculation that `Effects.calculations` asked for.
    case calculated(CalculationOutcome)

    /// All records up to there are durable.
    case durable(LogPosition)
    /// The log could not be written, or made durable; and it can be again, with all that was to be.
    case logBroken
    case logMended
    /// Part of the log is damaged: what it must hold is to be written again, after the beginning of that segment
    /// (`Effects.logRewritten`).
    case logDamaged(segment: UInt64)

    /// Random numbers that nobody else can know, as `Effects.entropyWanted` asked for.
    case entropy([UInt64])

    /// The time `nextDeadline` named has come.
    case deadline
}
