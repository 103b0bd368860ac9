// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// What one round of ordering wants done.
struct OrderingWork {
    /// As the core wanted them, sealed.
    var sent: [Send] = []
    /// The end of the unbroken run of decisions at each of them.
    var decidedAtSend: [Instance] = []
    /// Per receiver, for liars to change.
    var outgoing: [Outgoing] = []
    var refusals: [ClientRefusal] = []
    var checks: [DecisionCertificate] = []
    var calculations: [CalculationTask] = []
    var serves: [CheckpointService] = []
    var lookUps: [ChunkLookUp] = []
    var notices: [Notice] = []
    var views: [ViewCertificate] = []
    var decided: [Execution] = []
    /// It is to end: that view does not list it.
    var hasLeft: ViewNumber?
    /// It is to end: the group speaks what its program does not.
    var isUnspoken = false
    /// How often its own messages came back to it.
    var rounds = 0

    mutating func removeAll() {
        sent.removeAll(keepingCapacity: true)
        decidedAtSend.removeAll(keepingCapacity: true)
        outgoing.removeAll(keepingCapacity: true)
        refusals.removeAll(keepingCapacity: true)
        checks.removeAll(keepingCapacity: true)
        calculations.removeAll(keepingCapacity: true)
        serves.removeAll(keepingCapacity: true)
        lookUps.removeAll(keepingCapacity: true)
        notices.removeAll(keepingCapacity: true)
        views.removeAll(keepingCapacity: true)
        decided.removeAll(keepingCapacity: true)
        hasLeft = nil
        isUnspoken = false
        rounds = 0
    }
}
