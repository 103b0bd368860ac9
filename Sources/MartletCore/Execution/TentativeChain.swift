// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The batches that were executed before they are decided (protocol §5, tentative execution; WHEAT): those of the instances
/// right after the decided ones, without a gap, and what the sessions are like after them.
package struct TentativeChain: Sendable {
    private var digests: [Digest] = []
    private var sessions: SessionTable
    private var lastTime: Timestamp
    /// The newest instance that this replica has sent ACCEPT for, and up to which execution was told to hold reads back.
    private var accepted = Instance.zero
    private var held = Instance.zero

    /// Nil in a group that executes only what is decided.
    package init?(settings: GroupSettings, sessions: SessionTable, lastTime: Timestamp) {
        guard settings.executesTentatively else { return nil }
        self.sessions = sessions
        self.lastTime = lastTime
    }

    package var isEmpty: Bool { digests.isEmpty }

    package var count: Int { digests.count }

    /// Of the batch so many instances after the first.
    package subscript(offset: Int) -> Digest { digests[offset] }

    /// Adds a batch, and says what is to be executed.
    package mutating func append(_ known: KnownBatch, in epoch: Epoch) -> Execution {
        digests.append(known.digest)
        lastTime = max(known.batch.time, Timestamp(lastTime.rawValue + 1))
        return Execution(
            epoch: epoch, instance: known.batch.instance, digest: known.digest, time: lastTime, steps: order(known))
    }

    /// The first is decided.
    package mutating func removeFirst() { digests.removeFirst() }

    /// A batch is decided that was not executed tentatively; there are no others.
    package mutating func follow(_ known: KnownBatch, at time: Timestamp) {
        precondition(digests.isEmpty, "another batch is decided than was executed")
        lastTime = time
        _ = order(known)
    }

    package mutating func noteAccepted(_ instance: Instance) { accepted = max(accepted, instance) }

    /// Up to where reads have to be held back now, when that is news. `last`: the newest instance in the state.
    package mutating func readsToHold(beyond last: Instance) -> Instance? {
        guard accepted > max(last, held) else { return nil }
        held = accepted
        return accepted
    }

    /// Without a state there is nothing that could follow it.
    package mutating func removeAll() { digests.removeAll() }

    /// Goes back to the decided state and forward again through those that stay.
    package mutating func rollBack(to sessions: SessionTable, _ lastTime: Timestamp, keeping batches: [KnownBatch]) {
        self.sessions = sessions
        self.lastTime = lastTime
        digests.removeAll()
        for known in batches {
            digests.append(known.digest)
            self.lastTime = max(known.batch.time, Timestamp(self.lastTime.rawValue + 1))
            _ = order(known)
        }
    }

    /// As the core does it with what is decided. Members' own operations are no business of execution; they count, like all
    /// measurements, when they are decided.
    private mutating func order(_ known: KnownBatch) -> [ExecutionStep] {
        var steps: [ExecutionStep] = []
        steps.reserveCapacity(known.bodies.count)
        for (place, body) in known.bodies.enumerated() {
            guard let body else { preconditionFailure("a complete batch lacks a body") }
            guard body.id.session.isExecuted(in: known.batch.instance) else { continue }
            let verdict = sessions.order(body, at: known.batch.instance, place: place)
            steps.append(ExecutionStep(request: body, digest: known.batch.entries[place].digest, verdict: verdict))
        }
        return steps
    }
}

extension SessionID {
    /// Whether a request of that session is one for execution, where a batch lists it. What is listed before its session can
    /// exist, on nobody's word but the leader's, says nothing to its client, which may come by that session later.
    package func isExecuted(in instance: Instance) -> Bool { self != .ofReplicas && self.instance <= instance }
}
