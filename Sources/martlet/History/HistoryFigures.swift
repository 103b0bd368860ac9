// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes

/// What a history says of how a load went.
struct HistoryFigures: Hashable, Sendable {
    private(set) var answered = 0
    /// Calls that ended without an answer, and those that never ended.
    private(set) var failed = 0
    /// The longest time between two answers, whoever got them; counted from the first call on.
    private(set) var longestGap = Interval.zero

    init(_ history: ClientHistory) {
        var last: Instant?
        var begun = 0
        for event in history.events {
            switch event {
            case .call(_, _, let time):
                begun += 1
                if last == nil { last = time }
            case .end(_, .answer, let time):
                answered += 1
                longestGap = max(longestGap, time.since(last ?? time))
                last = max(last ?? time, time)
            case .end(_, .failed, _), .end(_, .unknown, _): break
            }
        }
        failed = begun - answered
    }
}
