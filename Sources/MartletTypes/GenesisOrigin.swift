// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The state of a group's service after an instance, by the checkpoint that a quorum of the group signed.
public struct OriginState: Hashable, Sendable {
    /// The group's id.
    public let group: Digest
    /// The last instance of the group whose effects are in the state.
    public let instance: Instance
    /// Of the checkpoint after that instance, over all of its chunks.
    public let digest: Digest

    public init(group: Digest, instance: Instance, digest: Digest) {
        self.group = group
        self.instance = instance
        self.digest = digest
    }
}

/// The state of another group with which a group begins (`Genesis.origin`). The other group's sessions, views and what it measured stay
/// behind.
public struct GenesisOrigin: Hashable, Sendable {
    public let state: OriginState
    /// 32 random bytes, drawn at the founding: groups that begin with the same state, of the same members, are others all the same.
    public let nonce: Digest

    public init(state: OriginState, nonce: Digest) {
        self.state = state
        self.nonce = nonce
    }
}
