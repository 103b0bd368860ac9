// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a replica keeps to measure how far away the others are (adaptation §2).
package struct Measuring: Sendable {
    package let schedule: MeasuringSchedule
    package var stock: EntropyStock
    package var monitor: LatencyMonitor
    package var budgets: ReplicaTable<ChallengeBudget>
    /// Challenges about proposals that have not arrived yet, the newest of each member.
    package var held: ReplicaTable<Challenge?>
    /// When all others were last asked.
    package var lastAsked: Instant

    package init(view: View, timeouts: Timeouts, at now: Instant) {
        schedule = MeasuringSchedule(permille: view.n > 1 ? view.settings.measuringPermille : 0)
        // A measured instance asks each member twice at most.
        stock = EntropyStock(capacity: 8 * view.n)
        monitor = LatencyMonitor(
            n: view.n,
            limits: SampleWindow.Limits(
                patience: timeouts.challenge, memory: timeouts.measure * UInt64(2 * SampleWindow.kept)))
        budgets = ReplicaTable(repeating: ChallengeBudget(), count: view.n)
        held = ReplicaTable(repeating: nil, count: view.n)
        lastAsked = now
    }

    /// Other members; what is known of those that stay is kept.
    package mutating func follow(_ move: PeerMove, view: View) {
        stock.capacity = 8 * view.n
        monitor.follow(move, n: view.n)
        budgets.follow(move, fresh: ChallengeBudget(), count: view.n)
        held.follow(move, fresh: nil, count: view.n)
    }
}
