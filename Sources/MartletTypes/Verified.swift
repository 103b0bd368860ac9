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

    package init(_ message: Message, sender: Principal) {
        self.message = message
        self.sender = sender
    }
}

extension Verified: Equatable where Message: Equatable {}
extension Verified: Hashable where Message: Hashable {}
