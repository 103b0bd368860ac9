// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// What follows a view, and who says so (protocol §3); operations on the group (protocol §8).
extension Verifier {
    func checked(_ install: Install, from sender: ReplicaID) throws(VerificationError) -> Install {
        try check(install.last)
        let entry = try known(install.view)
        try check(install.next, follows: entry, after: install.last)
        guard let index = entry.view.index(of: sender) else { throw .notMember(sender) }
        guard isValid(install.signature, of: .install(install), by: entry.view[index].key, sender) else {
            throw .invalidSignature
        }
        return install
    }

    /// Views prove themselves, whoever tells of them.
    package func verifiedChain(_ part: ViewChainPart) throws(VerificationError) -> ViewChainPart { try checked(part) }

    /// Takes in what is new of it at once: what comes next on this link may belong to the new view. What is known already
    /// is not checked again, and is returned as it is known: its signatures may be others here.
    func checked(_ part: ViewChainPart) throws(VerificationError) -> ViewChainPart {
        var checked: [ViewCertificate] = []
        checked.reserveCapacity(part.certificates.count)
        for certificate in part.certificates {
            if let known = views.certificate(of: certificate.next.number), known.view == certificate.view,
                known.last == certificate.last, known.next == certificate.next
            {
                checked.append(known)
                continue
            }
            let entry = try known(certificate.view)
            try check(certificate.last)
            try check(certificate.next, follows: entry, after: certificate.last)
            guard isProof(certificate, by: entry.view) else { throw .invalidCertificate(certificate.last) }
            views.add(certificate)
            checked.append(certificate)
        }
        return ViewChainPart(certificates: checked)
    }

    private func check(
        _ next: View, follows entry: KnownViews.Entry, after last: Instance
    ) throws(VerificationError) {
        guard next.group == entry.view.group, next.number == entry.view.number.next, last >= entry.first else {
            throw .wrongView(next.number)
        }
    }

    /// Whether enough administrators of the newest view have signed it, each once. More signatures than needed must be valid too. Whether
    /// they are administrators still when it is executed is judged there, by their keys.
    func isAuthorised(_ operation: Reconfiguration) -> Bool {
        guard view.administration.complaint(about: operation.shares) == nil || isOfFormerAdministrators(operation)
        else { return false }
        return operation.shares.allSatisfy { share in
            let bytes = Statement.reconfiguration(operation)
                .bytes(group: group, sender: .client(ClientID(share.administrator)))
            return isValidOfClient(share.signature, of: bytes, by: share.administrator)
        }
    }

    /// What has been done, or another one in its place, may be asked for again by whoever has not heard of it, though there are other
    /// administrators now, perhaps by that very operation. It is not ordered again.
    private func isOfFormerAdministrators(_ operation: Reconfiguration) -> Bool {
        guard operation.number <= view.lastOperation, let entry = views.entry(operation.view) else { return false }
        return entry.view.administration.complaint(about: operation.shares) == nil
    }
}
