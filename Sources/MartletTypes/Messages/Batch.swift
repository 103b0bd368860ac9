// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A request as a batch lists it: by name and digest; every replica has its own copy of the body.
package struct BatchEntry: Hashable, Sendable {
    package let id: RequestID
    package let digest: Digest

    package init(id: RequestID, digest: Digest) {
        self.id = id
        self.digest = digest
    }
}

/// What one instance orders. Its digest covers everything that execution sees, and `born` (protocol §5).
package struct Batch: Hashable, Sendable {
    package let instance: Instance
    /// The epoch in which it was first proposed; a re-proposal keeps it.
    package let born: Epoch
    /// The proposer's clock; zero in an empty batch.
    package let time: Timestamp
    package let entries: [BatchEntry]

    package init(instance: Instance, born: Epoch, time: Timestamp, entries: [BatchEntry]) {
        self.instance = instance
        self.born = born
        self.time = time
        self.entries = entries
    }
}

/// The leader's proposal as it travels.
package struct Propose: Hashable, Sendable {
    package let epoch: Epoch
    package let batch: Batch

    package init(epoch: Epoch, batch: Batch) {
        self.epoch = epoch
        self.batch = batch
    }
}

/// A proposal whose batch was hashed by whoever received it.
package struct Proposal: Hashable, Sendable {
    package let epoch: Epoch
    package let batch: Batch
    package let digest: Digest

    package init(epoch: Epoch, batch: Batch, digest: Digest) {
        self.epoch = epoch
        self.batch = batch
        self.digest = digest
    }
}

/// A batch with its own digest and its bodies, each checked against its entry's digest; absent where the sender had none.
package struct ResolvedBatch: Hashable, Sendable {
    package let batch: Batch
    package let digest: Digest
    /// One for each entry, in order.
    package let bodies: [Request?]

    package init(batch: Batch, digest: Digest, bodies: [Request?]) {
        precondition(batch.entries.count == bodies.count)
        self.batch = batch
        self.digest = digest
        self.bodies = bodies
    }
}
