// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Equal checkpoints: the states of correct replicas after the same instance have the same digest.
package struct CheckpointChecker: Sendable {
    private var first: [Instance: (replica: Int, digest: Digest)] = [:]
    package private(set) var taken = 0

    package init() {}

    package mutating func taken(_ digest: Digest, after instance: Instance, by replica: Int, at now: Instant)
        -> Violation?
    {
        taken += 1
        guard let known = first[instance] else {
            first[instance] = (replica, digest)
            return nil
        }
        guard known.digest != digest else { return nil }
        return Violation(
            .checkpoints, at: now,
            "after instance \(instance) the states of replicas \(known.replica) and \(replica) differ: \(known.digest) and \(digest)"
        )
    }
}
