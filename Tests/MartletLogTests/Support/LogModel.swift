// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

/// What a log must hold, told naively.
struct LogModel {
    /// All that was ever given to the log and not taken back, in order.
    private(set) var history: [LogRecord] = []
    /// So many of them were durable for certain.
    private(set) var durable = 0
    /// A snapshot covers everything up to here.
    var covered = Instance.zero
    /// With what the log may have been begun anew: this failed, and may be done all the same.
    var alternative: [LogRecord]?

    mutating func append(_ records: [LogRecord]) { history += records }
    mutating func synced() { durable = history.count }
    mutating func rescued() {
        history.removeLast(history.count - durable)
        alternative = nil
    }
    mutating func startedOver(with records: [LogRecord]) {
        (history, durable, alternative) = (records, records.count, nil)
    }

    /// What a log that was opened anew handed out. Says what is wrong with it; else goes on from it.
    mutating func reopened(_ delivered: [LogRecord]) -> String? {
        if let alternative, delivered == alternative {
            startedOver(with: alternative)
            return nil
        }
        alternative = nil
        for start in 0...history.count {
            var summary = LogSummary()
            summary.fold(Array(history[..<start]))
            let restated = summary.records
            let end = start + delivered.count - restated.count
            guard end >= max(start, durable), end <= history.count else { continue }
            guard restated + history[start..<end] == delivered[...] else { continue }
            guard history[..<start].allSatisfy({ ($0.instance ?? .zero) <= covered }) else {
                return "records beyond \(covered) are gone"
            }
            history.removeLast(history.count - end)
            durable = end
            return nil
        }
        return "\(delivered.count) records that are not those of \(history.count), \(durable) of them durable"
    }
}
