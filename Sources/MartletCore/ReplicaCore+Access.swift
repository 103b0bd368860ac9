// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What a decided operation makes of the group.
struct OperationOutcome {
    let result: ReconfigurationResult
    /// The view that follows, if one does.
    let next: View?
    /// Whom the group serves from then on, where that changes.
    let served: ServedClients?

    init(next: View, served: ServedClients?) {
        result = .follows(next.number)
        self.next = next
        self.served = served
    }

    /// Refused for that reason.
    init(_ reason: String) {
        result = .refused(reason)
        next = nil
        served = nil
    }
}

/// Whom the group serves (protocol §4, §8). **Safety**: it is judged where a request is ordered, by what was decided before, so by all
/// replicas alike; it makes no batch invalid and withholds no vote. Before that each replica judges for itself, by the newest that it
/// has decided.
extension ReplicaCore {
    /// The instance that was just decided changes it. What ends with that is void from here on, and nobody waits for it any more.
    mutating func serveOthers(ending ended: [SessionID], into effects: inout Effects) {
        if !ended.isEmpty { effects.executions.append(.endSessions(ended)) }
        noteServed(into: &effects)
    }

    /// What waits of those that are not served goes: no regency ends for it, and no leader proposes it.
    mutating func noteServed(into effects: inout Effects) {
        isServedNews = true
        for id in pool.serve(sessions.served) { refuse(id, reasonToDeny, into: &effects) }
    }

    /// A replica that starts again does not turn anybody away by what it knew long ago: first it gets as far as it had been.
    mutating func tellServed(into effects: inout Effects) {
        guard isServedNews, restoration == nil else { return }
        isServedNews = false
        guard sessions.served != servedTold else { return }
        servedTold = sessions.served
        effects.executions.append(.serve(sessions.served))
    }

    /// It may have been admitted since.
    var reasonToDeny: RefusalReason { restoration == nil ? .accessDenied : .notServing }
}
