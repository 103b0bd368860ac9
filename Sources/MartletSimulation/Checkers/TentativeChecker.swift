// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// Tentative execution (protocol §5): a correct replica executes before the decision only what it has locked in that epoch, in
/// instance order, with all between it and the decided instances locked in the same epoch; and it goes back from nothing that
/// it has decided itself. (That no client keeps what was undone is the results' checker's to see: they are judged by the
/// decided history alone.)
package struct TentativeChecker: Sendable {
    private struct Replica: Sendable {
        var decided = Instance.zero
        var executed: [Digest] = []
        /// Its ACCEPTs of each instance, one an epoch. It may come to execute one again, having lost power.
        var accepted: [Instance: [AcceptVote]] = [:]
    }

    private var replicas: [Replica]
    /// The newest instance in anybody's state.
    package private(set) var highest = Instance.zero

    package init(replicas: Int) { self.replicas = Array(repeating: Replica(), count: replicas) }

    package mutating func sent(_ message: PeerMessage, by replica: Int) {
        guard case .accept(let vote) = message else { return }
        replicas[replica].accepted[vote.instance, default: []].append(vote)
    }

    package mutating func executedTentatively(
        _ execution: Execution, by replica: Int, at now: Instant
    ) -> Violation? {
        highest = max(highest, execution.instance)
        let state = replicas[replica]
        replicas[replica].executed.append(execution.digest)
        var instance = state.decided
        for digest in state.executed + [execution.digest] {
            instance = instance.next
            let votes = state.accepted[instance] ?? []
            guard votes.contains(where: { $0.digest == digest && $0.epoch == execution.epoch }) else {
                return Violation(
                    .results, at: now,
                    "replica \(replica) executed instance \(execution.instance) tentatively without its own lock on "
                        + "instance \(instance) in that epoch")
            }
        }
        guard instance == execution.instance else {
            return Violation(
                .totalOrder, at: now,
                "replica \(replica) executed instance \(execution.instance) tentatively after instance \(instance.previous)"
            )
        }
        return nil
    }

    package mutating func executed(_ execution: Execution, by replica: Int, at now: Instant) -> Violation? {
        replicas[replica].decided = execution.instance
        guard !replicas[replica].executed.isEmpty else { return nil }
        guard replicas[replica].executed.removeFirst() != execution.digest else { return nil }
        return Violation(
            .results, at: now,
            "replica \(replica) had executed another batch in instance \(execution.instance) than was decided")
    }

    package mutating func rolledBack(to last: Instance, by replica: Int, at now: Instant) -> Violation? {
        let kept = Int(clamping: last.rawValue) - Int(clamping: replicas[replica].decided.rawValue)
        guard kept >= 0, kept < replicas[replica].executed.count else {
            return Violation(.results, at: now, "replica \(replica) went back to instance \(last), which it cannot")
        }
        replicas[replica].executed.removeLast(replicas[replica].executed.count - kept)
        return nil
    }

    /// Its state is another's now, after that instance; or it has none.
    package mutating func replaced(_ replica: Int, after instance: Instance) {
        replicas[replica].executed = []
        replicas[replica].decided = instance
    }
}
