// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// No correct leader is called a liar by a correct replica (protocol §6): whoever ends a regency at once, before any
/// timeout, must have proof.
package struct BlameChecker: Sendable {
    private let liars: [Int]

    package init(liars: [Int]) { self.liars = liars }

    package func sent(_ message: PeerMessage, by replica: Int, _ views: ViewChecker, at now: Instant) -> Violation? {
        guard case .stop(let stop) = message, stop.regency > .first, let view = views.view(stop.view)
        else { return nil }
        switch stop.reason {
        case .equivocation, .forbiddenProposal: break
        default: return nil
        }
        let order = view.leaderOrder
        let blamed = view[order[Int((stop.regency.rawValue - 2) % UInt64(order.count))]].id.slot
        guard !liars.contains(blamed) else { return nil }
        return Violation(
            .blame, at: now,
            "replica \(replica) ends regency \(stop.regency.rawValue - 1) of replica \(blamed), which does "
                + "not lie: \(stop.reason)")
    }
}
