// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Counts INSTALLs until those of a quorum prove the next view. Each member has one word in each view.
package struct InstallTally: Sendable {
    private var words: ReplicaTable<Install?>

    package init(n: Int) { words = ReplicaTable(repeating: nil, count: n) }

    package var count: Int { words.all.count { $0 != nil } }

    /// Adds a word whose signature is valid. Returns the certificate when it completes one.
    package mutating func add(_ install: Install, from member: ReplicaIndex, view: View) -> ViewCertificate? {
        guard install.view == view.number, words[member] == nil else { return nil }
        words[member] = install
        var voters = ReplicaSet()
        var shares: [SignatureShare] = []
        for position in words.indices {
            let voter = ReplicaIndex(position)
            guard let word = words[voter], word.last == install.last, word.next == install.next else { continue }
            voters.insert(voter)
            shares.append(SignatureShare(replica: view[voter].id, signature: word.signature))
        }
        guard view.isQuorum(voters) else { return nil }
        return ViewCertificate(
            view: install.view, last: install.last, next: install.next,
            shares: shares.sorted { $0.replica < $1.replica })
    }
}
