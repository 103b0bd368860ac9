// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// Certificates: many signatures of one statement.
extension Verifier {
    /// The certificate without the shares that are not valid, not of a member of its view, or second ones of a member.
    package func validShares(of certificate: DecisionCertificate) -> DecisionCertificate {
        var kept: [SignatureShare] = []
        if let view = views.entry(certificate.epoch.view)?.view {
            let statement = Self.statement(of: certificate)
            var voters = ReplicaSet()
            for share in certificate.shares {
                guard let index = view.index(of: share.replica), !voters.contains(index),
                    isValid(share.signature, of: statement, by: share.replica, in: view)
                else { continue }
                voters.insert(index)
                kept.append(share)
            }
        }
        return DecisionCertificate(
            epoch: certificate.epoch, instance: certificate.instance, digest: certificate.digest, shares: kept)
    }

    /// Whether its shares are valid ACCEPTs of distinct members that weigh a quorum of the view that its instance belongs
    /// to. One share too many that is not valid spoils it: no correct replica hands out such a certificate.
    package func isProof(_ certificate: DecisionCertificate) -> Bool {
        guard let entry = views.entry(certificate.epoch.view) else { return false }
        return certificate.epoch.regency > .none && certificate.instance > .zero && entry.governs(certificate.instance)
            && isQuorum(certificate.shares, of: Self.statement(of: certificate), in: entry.view)
    }

    /// As for decisions, with checkpoint votes.
    package func isProof(_ certificate: CheckpointCertificate) -> Bool {
        guard let entry = views.entry(certificate.view) else { return false }
        return certificate.instance > .zero && entry.governs(certificate.instance)
            && isQuorum(certificate.shares, of: Self.statement(of: certificate), in: entry.view)
    }

    /// As for decisions, with INSTALLs of members of the view that ends.
    func isProof(_ certificate: ViewCertificate, by view: View) -> Bool {
        let install = Install(view: certificate.view, last: certificate.last, next: certificate.next)
        return isQuorum(certificate.shares, of: .install(install), in: view)
    }

    /// Weighs before it checks signatures, so that a light certificate costs nothing.
    private func isQuorum(_ shares: [SignatureShare], of statement: Statement, in view: View) -> Bool {
        var voters = ReplicaSet()
        for share in shares {
            guard let index = view.index(of: share.replica), voters.insert(index) else { return false }
        }
        return view.isQuorum(voters)
            && shares.allSatisfy { isValid($0.signature, of: statement, by: $0.replica, in: view) }
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
