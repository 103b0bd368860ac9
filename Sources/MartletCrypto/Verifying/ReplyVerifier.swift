// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Turns what a replica said on its own channel into what a client core is given. Replies are not signed: that the
/// channel has shown whose they are is all there is to check, and a client counts each sender once. Views are, by a quorum
/// of the view before, and so is a share of a receipt, by the replica itself.
package struct ReplyVerifier<Scheme: SignatureScheme>: Sendable {
    private let verifier: Verifier<Scheme>

    package init(view: View, scheme: Scheme) {
        verifier = Verifier(view: view, scheme: scheme, rememberedSignaturesMax: 0)
    }

    package var newestView: View { verifier.views.newest }

    package var views: [View] { verifier.views.all }

    /// What leads from the first view to that one; nil when it is not known.
    package func chain(to number: ViewNumber) -> [ViewCertificate]? { verifier.views.chain(to: number) }

    /// `sender` must be the member whose key the channel's other end has proved.
    package func verify(
        _ message: ReplicaToClientMessage, from sender: ReplicaID
    ) throws(VerificationError) -> Verified<ReplicaToClientMessage> {
        guard verifier.view.index(of: sender) != nil else { throw .notMember(sender) }
        switch message {
        case .views(let part): return Verified(.views(try verifier.checked(part)), sender: .replica(sender))
        case .receipt(let share):
            return Verified(.receipt(try verifier.checked(share, from: sender)), sender: .replica(sender))
        case .reply, .readReply, .refusal, .status, .adaptation: return Verified(message, sender: .replica(sender))
        }
    }
}
