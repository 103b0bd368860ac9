// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import Synchronization

/// The views that are proved, from the first one known to the newest: whoever checks something checks it by the view it
/// belongs to (protocol §3). One for each process that verifies; shared by its threads.
package final class KnownViews: Sendable {
    /// A view with the instances that belong to it.
    package struct Entry: Sendable {
        package let view: View
        package let first: Instance
        /// Nil while no later view is known.
        package fileprivate(set) var last: Instance?

        package func governs(_ instance: Instance) -> Bool {
            instance >= first && last.map { instance <= $0 } ?? true
        }
    }

    private struct Book {
        /// With consecutive numbers.
        var entries: [Entry]
        /// The certificate of each but the first.
        var certificates: [ViewCertificate] = []
        var batchEntriesMax: Int
        var listed: ListedReplicas
    }

    private let book: Mutex<Book>

    /// `view` needs no proof: a genesis, or what somebody trusts as much; its instances begin at 1.
    package init(_ view: View) {
        book = Mutex(
            Book(
                entries: [Entry(view: view, first: Instance(1), last: nil)], batchEntriesMax: view.batchEntriesMax,
                listed: ListedReplicas(view)))
    }

    /// With ascending numbers.
    package var all: [View] { book.withLock { $0.entries.map(\.view) } }

    package var newest: View { book.withLock { $0.entries[$0.entries.count - 1].view } }

    /// The most entries of a batch in any of the views.
    package var batchEntriesMax: Int { book.withLock { $0.batchEntriesMax } }

    // MARK: Replicas

    /// Whether any of the views lists that replica, as a member or learner. Asked for each message.
    package func isListed(_ replica: ReplicaID) -> Bool { book.withLock { $0.listed.contains(replica) } }

    /// Whether the newest one does.
    package func isPresent(_ replica: ReplicaID) -> Bool { book.withLock { $0.listed.present.contains(replica) } }

    package func listing(of replica: ReplicaID) -> ReplicaListing? { book.withLock { $0.listed[replica] } }

    /// Whose key this is in the newest view that lists its holder.
    package func holder(of key: PublicKey) -> ReplicaID? { book.withLock { $0.listed.holder(of: key) } }

    // MARK: The chain

    /// What follows the first one, all of it.
    package var chain: [ViewCertificate] { book.withLock { $0.certificates } }

    package func entry(_ number: ViewNumber) -> Entry? {
        book.withLock { book in
            let first = book.entries[0].view.number
            guard number >= first else { return nil }
            let place = number.rawValue - first.rawValue
            return place < UInt64(book.entries.count) ? book.entries[Int(place)] : nil
        }
    }

    /// The proof of that view, if it is not the first.
    package func certificate(of number: ViewNumber) -> ViewCertificate? {
        book.withLock { book in
            let first = book.entries[0].view.number
            guard number > first else { return nil }
            let place = number.rawValue - first.rawValue - 1
            return place < UInt64(book.certificates.count) ? book.certificates[Int(place)] : nil
        }
    }

    /// Takes in what follows the newest view, which must have been verified; anything else changes nothing.
    package func add(_ certificate: ViewCertificate) {
        book.withLock { book in
            let place = book.entries.count - 1
            guard certificate.view == book.entries[place].view.number,
                certificate.next.number == certificate.view.next, certificate.last >= book.entries[place].first
            else { return }
            book.entries[place].last = certificate.last
            book.entries.append(Entry(view: certificate.next, first: certificate.last.next, last: nil))
            book.certificates.append(certificate)
            book.listed.add(certificate.next)
            book.batchEntriesMax = max(book.batchEntriesMax, certificate.next.batchEntriesMax)
        }
    }

    /// What leads from the first view to that one, all of it; nil when it is not known.
    package func chain(to number: ViewNumber) -> [ViewCertificate]? {
        book.withLock { book in
            let first = book.entries[0].view.number
            guard number >= first, number.rawValue - first.rawValue <= UInt64(book.certificates.count) else {
                return nil
            }
            return Array(book.certificates.prefix(Int(number.rawValue - first.rawValue)))
        }
    }

    /// What leads on from that view, as much as travels at once; empty when nothing is known to follow.
    package func chain(after number: ViewNumber) -> ViewChainPart {
        book.withLock { book in
            let first = book.entries[0].view.number
            guard number >= first, number.rawValue - first.rawValue < UInt64(book.certificates.count) else {
                return ViewChainPart(certificates: [])
            }
            let rest = book.certificates.dropFirst(Int(number.rawValue - first.rawValue))
            return ViewChainPart(certificates: Array(rest.prefix(ViewChainPart.certificatesMax)))
        }
    }
}
