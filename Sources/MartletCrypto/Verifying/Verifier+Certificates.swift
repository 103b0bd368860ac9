// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// Certificates: many signatures of one statement.
extension Verifier {
    /// The certificate without the shares that are not valid, not of a member of its view, or second ones of a member.
    package func validShares(of certificate: DecisionCertificate) -> DecisionCertificate {
        var kept: [SignatureShare] = []
        if certificate.epoch.view == view.number {
            let statement = Self.statement(of: certificate)
            var voters = ReplicaSet()
            for share in certificate.shares {
                guard let index = view.index(of: share.replica), !voters.contains(index),
                    isValid(share.signature, of: statement, by: share.replica)
                else { continue }
                voters.insert(index)
                kept.append(share)
            }
        }
        return DecisionCertificate(
            epoch: certificate.epoch, instance: certificate.instance, digest: certificate.digest, shares: kept)
    }

    /// Whether its shares are valid ACCEPTs of distinct members of this view that weigh a quorum. One share too many
    /// that is not valid spoils it: no correct replica hands out such a certificate.
    package func isProof(_ certificate: DecisionCertificate) -> Bool {
        certificate.epoch.view == view.number && certificate.epoch.regency > .none && certificate.instance > .zero
            && isQuorum(certificate.shares, of: Self.statement(of: certificate))
    }

    /// As for decisions, with checkpoint votes.
    package func isProof(_ certificate: CheckpointCertificate) -> Bool {
        certificate.view == view.number && certificate.instance > .zero
            && isQuorum(certificate.shares, of: Self.statement(of: certificate))
    }

    /// Weighs before it checks signatures, so that a light certificate costs nothing.
    private func isQuorum(_ shares: [SignatureShare], of statement: Statement) -> Bool {
        var voters = ReplicaSet()
        for share in shares {
            guard let index = view.index(of: share.replica), voters.insert(index) else { return false }
        }
        return view.isQuorum(voters)
            && shares.allSatisfy { isValid($0.signature, of: statement, by: $0.replica) }
    }

    private static func statement(of certificate: DecisionCertificate) -> Statement {
        .accept(
            AcceptVote(epoch: certificate.epoch, instance: certificate.instance, digest: certificate.digest))
    }

    private static func statement(of certificate: CheckpointCertificate) -> Statement {
        .checkpoint(
            CheckpointVote(view: certificate.view, instance: certificate.instance, digest: certificate.digest))
    }
}
