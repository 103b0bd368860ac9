// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Synchronization

/// Whom the group serves, as this replica knows from what it has decided, for those stages that do not own the core. Each replica judges
/// for itself, and early: what counts is judged where a request is ordered.
final class ServedState: Sendable {
    /// Nil until the core has told: a replica that has just started again turns nobody away yet.
    private let state = Mutex<ServedClients?>(nil)
    /// Nearly always so, and then nothing is looked up.
    private let servesAll = Atomic(true)

    func note(_ served: ServedClients) {
        state.withLock { $0 = served }
        servesAll.store(served.table == .open, ordering: .releasing)
    }

    func serves(_ client: ClientID) -> Bool {
        if servesAll.load(ordering: .acquiring) { return true }
        return state.withLock { $0?.contains(client) ?? true }
    }

    /// Why it is not served, for a person; nil when it is.
    func complaint(about client: ClientID) -> String? {
        serves(client) ? nil : state.withLock { $0?.complaint(about: client) }
    }
}
