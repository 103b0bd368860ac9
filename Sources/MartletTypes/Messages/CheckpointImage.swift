// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// One session as a checkpoint holds it (protocol §4, exactly once).
package struct SessionRecord: Hashable, Sendable {
    package let id: SessionID
    package let client: ClientID
    /// The highest sequence ordered so far; 0 before the first.
    package let highest: SequenceNumber
    /// Which of the last w sequences were ordered: bit k of word j stands for sequence s with s mod w = 64·j + k.
    package let marks: [UInt64]
    package let repliesKeptFrom: SequenceNumber
    /// By ascending sequence.
    package let replies: [KeptReply]

    package init(
        id: SessionID, client: ClientID, highest: SequenceNumber, marks: [UInt64], repliesKeptFrom: SequenceNumber,
        replies: [KeptReply]
    ) {
        self.id = id
        self.client = client
        self.highest = highest
        self.marks = marks
        self.repliesKeptFrom = repliesKeptFrom
        self.replies = replies
    }
}

package struct KeptReply: Hashable, Sendable {
    package let sequence: SequenceNumber
    package let body: ReplyBody
    /// What was executed, and when: for a receipt.
    package let provenance: Provenance

    package init(sequence: SequenceNumber, body: ReplyBody, provenance: Provenance) {
        self.sequence = sequence
        self.body = body
        self.provenance = provenance
    }
}

/// A client's last opening, with the session it made: the kept reply to a repeated OPEN.
package struct OpeningRecord: Hashable, Sendable {
    package let client: ClientID
    package let number: SequenceNumber
    package let session: SessionID

    package init(client: ClientID, number: SequenceNumber, session: SessionID) {
        self.client = client
        self.number = number
        self.session = session
    }
}

/// The replicated state after an instance but for the service's own, as plain data with one canonical encoding.
package struct CheckpointImage: Hashable, Sendable {
    package let instance: Instance
    /// The agreed time of that instance.
    package let time: Timestamp
    /// The view that the next instance belongs to.
    package let view: View
    /// By ascending session.
    package let sessions: [SessionRecord]
    /// By ascending client.
    package let openings: [OpeningRecord]
    /// Whom the group serves from the next instance on.
    package let access: AccessTable
    package let adaptation: AdaptationImage

    package init(
        instance: Instance, time: Timestamp, view: View, sessions: [SessionRecord], openings: [OpeningRecord],
        access: AccessTable = .open, adaptation: AdaptationImage = .empty
    ) {
        self.instance = instance
        self.time = time
        self.view = view
        self.sessions = sessions
        self.openings = openings
        self.access = access
        self.adaptation = adaptation
    }
}
