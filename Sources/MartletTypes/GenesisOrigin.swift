// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The state of another group with which a group begins (`Genesis.origin`): that of the service after an instance, as a quorum of the
/// other group signed it. Its sessions, views and what it measured stay behind.
public struct GenesisOrigin: Hashable, Sendable {
    /// The other group's id.
    public let group: Digest
    /// The last instance of the other group whose effects are in the state.
    public let instance: Instance
    /// Of the checkpoint after that instance, over all of its chunks.
    public let digest: Digest

    public init(group: Digest, instance: Instance, digest: Digest) {
        self.group = group
        self.instance = instance
        self.digest = digest
    }
}
