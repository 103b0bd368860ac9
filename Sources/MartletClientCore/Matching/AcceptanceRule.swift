// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// When matching replies are enough (protocol §4), for one view.
struct AcceptanceRule {
    private let view: View
    /// f+1 final replies are enough only where no unordered read relies on every write being known to a quorum.
    private let acceptsWeakFinal: Bool

    init(view: View) {
        self.view = view
        acceptsWeakFinal = !view.settings.hasUnorderedReads
    }

    func isQuorum(_ voters: ReplicaSet) -> Bool { view.isQuorum(voters) }

    func isEnough(final voters: ReplicaSet) -> Bool {
        view.isQuorum(voters) || (acceptsWeakFinal && view.isWeakCertificate(voters))
    }
}
