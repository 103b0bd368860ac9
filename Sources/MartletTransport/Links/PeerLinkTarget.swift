// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
package import MartletWire

/// Whom a link connects to, and as whom.
package struct PeerLinkTarget: Hashable, Sendable {
    /// What a person calls it: "replica 2".
    package var name: String
    package var host: String
    package var port: Int
    /// The key that the view lists for it; any other is turned away. Nil takes any: for what proves itself, whoever sends it.
    package var key: PublicKey?
    /// What we say of ourselves (`PeerLinkHandlers.newestView` beside it).
    package var hello: Hello
    /// The longest frame that is taken from it.
    package var frameBytesMax: Int

    package init(name: String, host: String, port: Int, key: PublicKey?, hello: Hello, frameBytesMax: Int) {
        self.name = name
        self.host = host
        self.port = port
        self.key = key
        self.hello = hello
        self.frameBytesMax = frameBytesMax
    }

    /// For a message to a person: "replica 2 at 10.0.0.7:7000 refused: it belongs to another group".
    package func sentence(_ state: PeerLinkState) -> String {
        switch state {
        case .connecting, .connected, .closed: "\(name) at \(host):\(port): \(state)"
        case .refused, .failed: "\(name) at \(host):\(port) \(state)"
        }
    }
}

/// What a link's owner supplies. Called on the link's event loop; must not block it.
package struct PeerLinkHandlers: Sendable {
    /// The state has changed. After `connected` it is time to send again what the peer may have missed.
    package var onState: @Sendable (PeerLinkState) -> Void
    package var onFrames: @Sendable (FrameBatch) -> Void
    /// The newest view that we know, asked at each dialling; nil when what the target's hello says stays so.
    package var newestView: (@Sendable () -> ViewNumber)?

    package init(
        newestView: (@Sendable () -> ViewNumber)? = nil, onState: @escaping @Sendable (PeerLinkState) -> Void,
        onFrames: @escaping @Sendable (FrameBatch) -> Void
    ) {
        self.newestView = newestView
        self.onState = onState
        self.onFrames = onFrames
    }
}
