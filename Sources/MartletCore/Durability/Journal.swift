// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What this replica has had written down (protocol §7): where its records end, and which of them what it says now rests on. In
/// a memory group nothing is, and everything may leave at once.
struct Journal {
    let isOn: Bool
    /// Of the newest record.
    private(set) var position = LogPosition.start
    /// All records up to there are durable.
    private(set) var durable = LogPosition.start
    /// Of the one that says that the present epoch was entered: nothing that only this epoch's leader says may leave before.
    private(set) var entered = LogPosition.start
    /// What was executed last waited for this.
    private var awaited = LogPosition.start

    init(isOn: Bool) { self.isOn = isOn }

    /// How many records wait for the disk.
    var unwritten: Int { Int(position.rawValue - durable.rawValue) }

    mutating func note(durable position: LogPosition) { durable = min(max(durable, position), self.position) }

    mutating func write(_ record: LogRecord, into effects: inout Effects) {
        guard isOn else { return }
        position = LogPosition(position.rawValue + 1)
        if case .entered = record { entered = position }
        effects.records.append(record)
    }

    /// What earlier records told, because they are damaged: nothing is said for it.
    mutating func writeAgain(_ record: LogRecord, into effects: inout Effects) {
        position = LogPosition(position.rawValue + 1)
        effects.records.append(record)
    }

    /// What execution is told from here on is told only when this is durable.
    mutating func await(_ position: LogPosition, into effects: inout Effects) {
        guard position > awaited else { return }
        awaited = position
        effects.executions.append(.awaitDurable(position))
    }
}
