// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Turns what a replica said on its own channel into what a client core is given. Replies are not signed: that the
/// channel has shown whose they are is all there is to check, and a client counts each sender once.
package struct ReplyVerifier: Sendable {
    package let view: View

    package init(view: View) { self.view = view }

    /// `sender` must be the member whose key the channel's other end has proved.
    package func verify(
        _ message: ReplicaToClientMessage, from sender: ReplicaID
    ) throws(VerificationError) -> Verified<ReplicaToClientMessage> {
        guard view.index(of: sender) != nil else { throw .notMember(sender) }
        return Verified(message, sender: .replica(sender))
    }
}
