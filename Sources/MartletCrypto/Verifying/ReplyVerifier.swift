// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Turns what a replica said on its own channel into what a client core is given. Replies are not signed: that the
/// channel has shown whose they are is all there is to check, and a client counts each sender once. Views are, by a quorum
/// of the view before.
package struct ReplyVerifier<Scheme: SignatureScheme>: Sendable {
    private let verifier: Verifier<Scheme>

    package init(view: View, scheme: Scheme) {
        verifier = Verifier(view: view, scheme: scheme, rememberedSignaturesMax: 0)
    }

    package var newestView: View { verifier.views.newest }

    package var views: [View] { verifier.views.all }

    /// `sender` must be the member whose key the channel's other end has proved.
    package func verify(
        _ message: ReplicaToClientMessage, from sender: ReplicaID
    ) throws(VerificationError) -> Verified<ReplicaToClientMessage> {
        guard verifier.view.index(of: sender) != nil else { throw .notMember(sender) }
        if case .views(let part) = message {
            return Verified(.views(try verifier.checked(part)), sender: .replica(sender))
        }
        return Verified(message, sender: .replica(sender))
    }
}
