// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
package import MartletWire

/// What a listener's owner supplies. All are called on the connection's event loop and must not block it. For one
/// connection they are called in this order: `authenticate`, `onOpen`, `onFrames` any number of times, `onClose`; the last
/// three only if it was accepted.
package struct ListenerHandlers: Sendable {
    /// Judges who a peer says it is against the key that it holds: a replica's must be the one that the view lists for it.
    package var authenticate: @Sendable (Hello, PublicKey) -> HelloAnswer
    package var onOpen: @Sendable (InboundConnection) -> Void
    package var onFrames: @Sendable (InboundConnection, FrameBatch) -> Void
    package var onClose: @Sendable (InboundConnection, ConnectionEnd) -> Void

    package init(
        authenticate: @escaping @Sendable (Hello, PublicKey) -> HelloAnswer,
        onOpen: @escaping @Sendable (InboundConnection) -> Void,
        onFrames: @escaping @Sendable (InboundConnection, FrameBatch) -> Void,
        onClose: @escaping @Sendable (InboundConnection, ConnectionEnd) -> Void
    ) {
        self.authenticate = authenticate
        self.onOpen = onOpen
        self.onFrames = onFrames
        self.onClose = onClose
    }
}
