// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// What a test looks at.
extension Group {
    /// Everything that replica has under way, by whom it is for.
    func underWay(from place: Int) -> [PeerMessage] { queue.filter { $0.from == place }.map(\.message) }

    /// Records what the replica sends to others from now on.
    func record(_ place: Int) -> Recording {
        let recording = Recording()
        let before = rewrite
        rewrite = { parcel in
            if parcel.from == place { recording.messages.append(parcel.message) }
            return before(parcel)
        }
        return recording
    }

    final class Recording {
        var messages: [PeerMessage] = []

        var votes: [(Epoch, Instance, Digest)] {
            messages.compactMap { message in
                switch message {
                case .write(let vote): (vote.epoch, vote.instance, vote.digest)
                case .accept(let vote): (vote.epoch, vote.instance, vote.digest)
                default: nil
                }
            }
        }
    }

    /// The executed operations of a replica, in order: their payloads.
    func executed(_ place: Int) -> [Bytes] {
        nodes[place].executions.flatMap(\.steps).filter { $0.verdict == .execute }.map(\.request.payload)
    }

    func status(_ place: Int) -> CoreStatus { nodes[place].core.status }

    func deadline(_ place: Int) -> Instant? { nodes[place].core.nextDeadline }

    /// Opens a session for the client and returns its name.
    func openSession(_ client: ClientID) -> SessionID {
        submit(Samples.open(client))
        settle()
        for execution in nodes.flatMap(\.executions).reversed() {
            for step in execution.steps where step.request.id.client == client {
                if case .open(let session, _) = step.verdict { return session }
            }
        }
        preconditionFailure("the session was not opened")
    }
}
