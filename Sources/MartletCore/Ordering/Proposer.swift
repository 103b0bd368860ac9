// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// When the leader proposes the next batch: at once while nothing runs, otherwise when a batch is full or an even share
/// of an instance's latency has passed, so that batches grow with the load and the window is used on slow links.
package struct Proposer: Sendable {
    /// On fast links a batch waits at least so long while another runs: more, smaller batches would cost more.
    static let paceMin = Interval.milliseconds(1)

    /// The next instance to be proposed; nil while this replica does not lead.
    package private(set) var next: Instance?
    /// A proposed instance that may end the view: nothing is proposed beyond it before it is decided.
    private var barrier = Instance.zero
    private var lastProposed: Instant = .zero

    package init() {}

    package mutating func begin(at instance: Instance?) {
        next = instance
        barrier = .zero
    }

    package mutating func advance() { next = next?.next }

    package mutating func noteBarrier(_ instance: Instance) { barrier = instance }

    package func isBarred(decided: Instance) -> Bool { barrier > decided }

    package mutating func noteProposal(at now: Instant) { lastProposed = now }

    private func pace(latency: Interval, window: Int) -> Interval { max(Self.paceMin, latency / UInt64(window)) }

    package func isDue(
        running: Int, isBatchFull: Bool, latency: Interval, window: Int, at now: Instant
    ) -> Bool {
        running == 0 || isBatchFull || lastProposed + pace(latency: latency, window: window) <= now
    }

    /// When a batch that waits becomes due.
    package func deadline(latency: Interval, window: Int) -> Instant {
        lastProposed + pace(latency: latency, window: window)
    }
}
