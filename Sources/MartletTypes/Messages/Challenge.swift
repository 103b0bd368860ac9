// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Asks one member for an answer at once, so that the sender sees how far away it is (adaptation §2). The number is drawn
/// at random for this one receiver: nobody can answer before it has it.
package struct Challenge: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        /// Beside a vote, or alone while nothing is ordered: how long little takes.
        case vote
        /// Behind the leader's proposal: how long that takes. Answered with its digest, once it is there.
        case proposal(Epoch, Instance)
        /// As large as a proposal, from a member that does not lead. Nobody acts on it.
        case dummyProposal(padding: Bytes)
    }

    package let subject: Subject
    package let number: UInt64

    package init(_ subject: Subject, number: UInt64) {
        self.subject = subject
        self.number = number
    }
}

/// The answer to a challenge.
package struct ChallengeResponse: Hashable, Sendable {
    package let number: UInt64
    /// Of the batch, where a proposal was asked about.
    package let digest: Digest?

    package init(number: UInt64, digest: Digest?) {
        self.number = number
        self.digest = digest
    }
}
