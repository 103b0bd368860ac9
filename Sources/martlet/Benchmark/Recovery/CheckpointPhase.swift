// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Whether a group writes a checkpoint down at the moment, as far as its replicas' status tells: from the instance after which all take
/// it until it is stable everywhere, and then, since a quorum is enough for that, as much longer as each of the quorum had.
struct CheckpointPhase {
    private let period: UInt64
    /// The one that is being written down, and when it was seen taken.
    private var taken: (instance: UInt64, at: Instant)?
    /// The newest that is written down, or was taken before anybody looked.
    private var written: UInt64?
    /// When the last replicas of one that is stable are through with it.
    private var end: Instant?
    /// Checkpoints that were seen taken and written.
    private(set) var writtenCount = 0

    init(period: UInt64) { self.period = period }

    var isWriting: Bool { taken != nil }

    mutating func note(_ statuses: [ReplicaStatus], at now: Instant) {
        let newest = (statuses.map(\.executed.rawValue).max() ?? 0) / period * period
        // What was taken before anybody looked is not measured.
        guard let written else { return written = newest }
        if taken == nil, newest > written { taken = (newest, now) }
        guard let taken else { return }
        if end == nil, statuses.allSatisfy({ $0.stableCheckpoint.rawValue >= taken.instance }) {
            end = now + now.since(taken.at) / UInt64(max(1, statuses.count - 1))
        }
        guard let end, end <= now else { return }
        (self.taken, self.end) = (nil, nil)
        self.written = taken.instance
        writtenCount += 1
    }
}
