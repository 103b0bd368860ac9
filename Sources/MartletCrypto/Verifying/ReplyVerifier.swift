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

    /// `sender` must be the replica whose key the channel's other end has proved: a member or learner of any view that is known.
    /// Whose word counts for what, the core judges.
    package func verify(
        _ message: ReplicaToClientMessage, from sender: ReplicaID
    ) throws(VerificationError) -> Verified<ReplicaToClientMessage> {
        guard isListed(sender) else { throw .notMember(sender) }
        switch message {
        case .views(let part): return Verified(.views(try verifier.checked(part)), sender: .replica(sender))
        case .receipt(let share):
            return Verified(.receipt(try verifier.checked(share, from: sender)), sender: .replica(sender))
        case .reply, .readReply, .refusal, .status, .adaptation: return Verified(message, sender: .replica(sender))
        }
    }

    /// Looks first where it takes least: this is asked for each reply.
    private func isListed(_ sender: ReplicaID) -> Bool {
        if verifier.view.index(of: sender) != nil || verifier.views.newest.replica(sender) != nil { return true }
        return verifier.views.all.contains { $0.replica(sender) != nil }
    }
}
