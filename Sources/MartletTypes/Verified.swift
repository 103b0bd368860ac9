// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Who spoke: known from the channel's own authentication or from a valid signature, never from what was said.
package enum Principal: Hashable, Sendable {
    case replica(ReplicaID)
    case client(ClientID)
}

/// A message whose sender is known and whose signatures and digests were checked. Only MartletCrypto and the simulator
/// make one (TidyTests hold it), and the core accepts nothing else.
package struct Verified<Message: Sendable>: Sendable {
    package let message: Message
    package let sender: Principal
    /// The key by which the channel has shown that it is that replica: what only the channel vouches for counts in no view that lists it
    /// with another one. Nil where what is signed says who it is, and for what a replica says to itself.
    package let key: PublicKey?

    package init(_ message: Message, sender: Principal, key: PublicKey? = nil) {
        self.message = message
        self.sender = sender
        self.key = key
    }
}

extension Verified: Equatable where Message: Equatable {}
extension Verified: Hashable where Message: Hashable {}
