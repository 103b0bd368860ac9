// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The views that a replica has been in or knows to follow, each proved by the one before it (protocol §3), and which
/// instances belong to which.
package struct ViewHistory: Sendable {
    /// The view that votes are sent in.
    package private(set) var current: View
    /// The last instance before it.
    package private(set) var base = Instance.zero
    private let genesis: View
    /// Of all views but the genesis, from the second on.
    private var certificates: [ViewCertificate] = []

    package init(genesis: View, chain: [ViewCertificate] = []) {
        self.genesis = genesis
        current = genesis
        for certificate in chain { _ = add(certificate) }
    }

    /// The newest view that is proved, entered or not.
    package var newest: View { certificates.last?.next ?? genesis }

    /// As the last view has that replica which lists it.
    package func listing(of replica: ReplicaID) -> Member? {
        for certificate in certificates.reversed() {
            if let member = certificate.next.replica(replica) { return member }
        }
        return genesis.replica(replica)
    }

    /// The first view that lists that replica no longer; nil while the newest one does.
    package func first(without replica: ReplicaID) -> View? {
        var first: View?
        for certificate in certificates.reversed() {
            if certificate.next.replica(replica) != nil { break }
            first = certificate.next
        }
        return first
    }

    /// The proof of the view that follows the current one, if it is known.
    package var following: ViewCertificate? { certificate(of: current.number.next) }

    private func certificate(of number: ViewNumber) -> ViewCertificate? {
        guard number > genesis.number else { return nil }
        let place = number.rawValue - genesis.number.rawValue
        return place <= UInt64(certificates.count) ? certificates[Int(place) - 1] : nil
    }

    package func view(_ number: ViewNumber) -> View? {
        number == genesis.number ? genesis : certificate(of: number)?.next
    }

    /// The view that an instance belongs to, as far as is known. What is asked about mostly belongs to the newest.
    package func view(of instance: Instance) -> View {
        for certificate in certificates.reversed() where certificate.last < instance { return certificate.next }
        return genesis
    }

    /// Whether it is news.
    package mutating func add(_ certificate: ViewCertificate) -> Bool {
        guard certificate.view == newest.number, certificate.next.number == certificate.view.next else { return false }
        certificates.append(certificate)
        return true
    }

    /// Goes on to the next view, or to that of a state that was taken over. Traps when it is not proved.
    package mutating func enter(_ number: ViewNumber) {
        guard let view = view(number) else { preconditionFailure("nobody enters a view that is not proved") }
        current = view
        base = certificate(of: number)?.last ?? .zero
    }

    /// Of the current view; nothing for the genesis.
    package var proof: ViewChainPart {
        ViewChainPart(certificates: [certificate(of: current.number)].compactMap { $0 })
    }

    /// What leads on from that view, as much as travels at once; empty when nothing is known to follow.
    package func chain(after number: ViewNumber) -> ViewChainPart {
        guard number >= genesis.number else { return ViewChainPart(certificates: []) }
        let known = number.rawValue - genesis.number.rawValue
        guard known < UInt64(certificates.count) else { return ViewChainPart(certificates: []) }
        let rest = certificates.dropFirst(Int(known)).prefix(ViewChainPart.certificatesMax)
        return ViewChainPart(certificates: Array(rest))
    }
}
