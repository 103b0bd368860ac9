// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The STOPDATA that the leader of a new epoch collects: one of each member, taken in only when the bodies of all its
/// locks are held (protocol §6).
package struct Collection: Sendable {
    /// A SYNC is one message, and f liars may send what is as long as is allowed. What correct members send is far shorter.
    private let bytesMax: Int
    private var waiting: ReplicaTable<StopData?>
    private var taken: ReplicaTable<StopData?>
    /// When each member that waits was last asked for what its locks need.
    private var asked: ReplicaTable<Instant?>

    package init(n: Int, syncBytesMax: Int = Sync.bytesMax) {
        bytesMax = syncBytesMax / n
        waiting = ReplicaTable(repeating: nil, count: n)
        taken = ReplicaTable(repeating: nil, count: n)
        asked = ReplicaTable(repeating: nil, count: n)
    }

    /// Each member's first STOPDATA for the epoch counts, unless it is longer than its share of a SYNC.
    package mutating func add(_ stopData: StopData, from member: ReplicaIndex) {
        guard waiting[member] == nil, taken[member] == nil, stopData.bytes <= bytesMax else { return }
        waiting[member] = stopData
    }

    /// Takes in what has become complete; returns the locks whose bodies are still to be fetched, with who has them. A
    /// member is asked again only after `patience`: it may have answered with what does not suffice yet, and asking at
    /// each answer would never end.
    package mutating func take(
        at now: Instant, patience: Interval, whereHeld isHeld: (Instance, Digest) -> Bool
    ) -> [(ReplicaIndex, FetchBatch)] {
        var missing: [(ReplicaIndex, FetchBatch)] = []
        for position in waiting.indices {
            let member = ReplicaIndex(position)
            guard let stopData = waiting[member] else { continue }
            let wanted = stopData.claims.compactMap { claim -> FetchBatch? in
                guard let lock = claim.lock, !isHeld(claim.instance, lock.digest) else { return nil }
                return FetchBatch(instance: claim.instance, digest: lock.digest)
            }
            if wanted.isEmpty {
                taken[member] = stopData
                waiting[member] = nil
            } else if asked[member].map({ now.since($0) >= patience }) ?? true {
                asked[member] = now
                missing.append(contentsOf: wanted.map { (member, $0) })
            }
        }
        return missing
    }

    /// The locks of those that wait.
    package var locks: [FetchBatch] {
        waiting.all.compactMap { $0 }.flatMap(\.claims).compactMap { claim in
            claim.lock.map { FetchBatch(instance: claim.instance, digest: $0.digest) }
        }
    }

    /// Taken in or not.
    package var all: [StopData] { waiting.all.compactMap { $0 } + collected }

    /// By member.
    package var collected: [StopData] { taken.all.compactMap { $0 } }
}
