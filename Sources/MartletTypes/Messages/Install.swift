// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A member's signed word, once it has executed the last instance of a view, on what follows (protocol §3).
package struct Install: Hashable, Sendable {
    /// The view that ends, which its sender is a member of.
    package let view: ViewNumber
    /// That view's last instance.
    package let last: Instance
    package let next: View
    package var signature: Signature

    package init(view: ViewNumber, last: Instance, next: View, signature: Signature = .absent) {
        self.view = view
        self.last = last
        self.next = next
        self.signature = signature
    }
}

/// INSTALLs of members that weigh a quorum of the view that ends: from the instance after `last` on, `next` is the
/// group's view. Whoever trusts the one view may trust the other.
package struct ViewCertificate: Hashable, Sendable {
    package let view: ViewNumber
    package let last: Instance
    package let next: View
    package let shares: [SignatureShare]

    package init(view: ViewNumber, last: Instance, next: View, shares: [SignatureShare]) {
        self.view = view
        self.last = last
        self.next = next
        self.shares = shares
    }
}

/// Asks for the certificates of the views that follow this one.
package struct FetchViews: Hashable, Sendable {
    package let after: ViewNumber
    package init(after: ViewNumber) { self.after = after }
}

/// Certificates of consecutive views: a part of the chain that leads from the genesis to the newest one.
package struct ViewChainPart: Hashable, Sendable {
    /// The most certificates that travel together.
    package static let certificatesMax = 64

    package let certificates: [ViewCertificate]
    package init(certificates: [ViewCertificate]) { self.certificates = certificates }
}
