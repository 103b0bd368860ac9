// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTransport
import MartletTypes
import MartletWire

/// What comes back on the links that this replica has dialled: proofs of views, and nothing else. Votes, answers and questions of others
/// come by the connections that they have dialled themselves.
struct ChainIntake: Sendable {
    let jobs: Mailbox<VerificationJob>
    let drops: DropLog

    /// False when so much waits to be verified that the caller stops reading from that link, and calls `jobs.hold`.
    func receive(_ batch: FrameBatch, from replica: ReplicaID, holding key: PublicKey) -> Bool {
        var taken: [VerificationJob] = []
        batch.forEach { span in
            if let part = Self.part(span, from: replica, drops) {
                taken.append(.verify(.views(part), from: replica, holding: key))
            }
        }
        return taken.isEmpty || jobs.post(taken, bytes: batch.byteCount, lane: .replicas)
    }

    /// Nil for anything else, which is counted and forgotten.
    static func part(_ span: RawSpan, from replica: ReplicaID, _ drops: DropLog) -> ViewChainPart? {
        do {
            let message = try PeerMessage(decoding: span)
            if case .views(let part) = message { return part }
            drops.dropped(from: .replica(replica), because: "it is nothing that comes on a link of this replica's own")
        } catch {
            drops.dropped(from: .replica(replica), because: "it is no message: \(error)")
        }
        return nil
    }
}
