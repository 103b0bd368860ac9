// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The kept replies of one session: those of its last w sequences, without the ones its client says that it has.
package struct SessionReplies: Sendable {
    package let client: ClientID
    private var highest = SequenceNumber(0)
    private var keptFrom = SequenceNumber(0)
    /// By ascending sequence. Dropped replies may linger at the front until room is needed; nobody sees them.
    private var replies: [KeptReply] = []

    /// Those that linger, too.
    package var count: Int { replies.count }

    init(client: ClientID) { self.client = client }

    init(_ record: SessionRecord) {
        client = record.client
        highest = record.highest
        keptFrom = record.repliesKeptFrom
        replies = record.replies
    }

    func reply(to sequence: SequenceNumber, pipelineMax: Int) -> KeptReply? {
        guard sequence >= first(pipelineMax: pipelineMax) else { return nil }
        let place = place(of: sequence)
        return place < replies.count && replies[place].sequence == sequence ? replies[place] : nil
    }

    mutating func keep(_ body: ReplyBody, of request: Request, _ provenance: Provenance, pipelineMax: Int) {
        let sequence = request.id.sequence
        highest = max(highest, sequence)
        keptFrom = max(keptFrom, request.repliesKeptFrom)
        let first = first(pipelineMax: pipelineMax)
        guard sequence >= first else { return }
        makeRoom(first: first)
        let place = place(of: sequence)
        precondition(place == replies.count || replies[place].sequence != sequence, "a request was executed twice")
        replies.insert(KeptReply(sequence: sequence, body: body, provenance: provenance), at: place)
    }

    func filling(_ record: SessionRecord, pipelineMax: Int) -> SessionRecord {
        let kept = replies[place(of: first(pipelineMax: pipelineMax))...]
        return SessionRecord(
            id: record.id, client: record.client, highest: record.highest, marks: record.marks,
            repliesKeptFrom: keptFrom, replies: Array(kept))
    }

    // MARK: - Places

    /// The lowest sequence whose reply is kept.
    private func first(pipelineMax: Int) -> SequenceNumber {
        let span = UInt64(pipelineMax)
        let inWindow = highest.rawValue < span ? 0 : highest.rawValue - span + 1
        return max(keptFrom, SequenceNumber(inWindow))
    }

    /// Where the sequence stands, or would stand.
    private func place(of sequence: SequenceNumber) -> Int {
        // Nearly always the newest: looked for from the end.
        guard let last = replies.last, last.sequence >= sequence else { return replies.count }
        var low = 0
        var high = replies.count
        while low < high {
            let middle = (low + high) / 2
            if replies[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Removes dropped replies once they are half of a full array, so that each is moved O(1) times on average.
    private mutating func makeRoom(first: SequenceNumber) {
        guard replies.count == replies.capacity else { return }
        let dropped = place(of: first)
        if dropped * 2 >= replies.count { replies.removeFirst(dropped) }
    }
}
