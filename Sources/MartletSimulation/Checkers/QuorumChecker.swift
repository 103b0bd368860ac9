// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// Quorum arithmetic (protocol §5): behind every decision and every lock of a correct replica there is what the rules ask
/// for, counted anew and naively from the messages that reached it over the simulated links, and from its own.
///
/// - A decision: a quorum of ACCEPTs of one regency, or f+1 DECIDED, or a certificate.
/// - An ACCEPT (`byzantine`): a quorum of WRITEs of its regency.
/// - A certificate, and a checkpoint taken over: a quorum of distinct members, each a liar (which may sign anything) or
///   one that did send that very vote.
package struct QuorumChecker: Sendable {
    private let liars: [Int]
    /// What reached each replica since it last started.
    private var heard: [[Instance: [Heard]]]
    /// What was sent by anyone who does not lie.
    private var accepted: [Vote: VoterSet] = [:]
    private var checkpoints: [Instance: [Digest: VoterSet]] = [:]

    private enum Kind { case write, accept, decided, certificate }

    private struct Heard: Sendable {
        let kind: Kind
        let epoch: Epoch
        let digest: Digest
        var from = VoterSet()
    }

    private struct Vote: Hashable {
        let epoch: Epoch
        let instance: Instance
        let digest: Digest
    }

    package init(replicas: Int, liars: [Int]) {
        self.liars = liars
        heard = Array(repeating: [:], count: replicas)
    }

    // MARK: - What is said

    /// `message` reached a correct replica.
    package mutating func received(
        _ message: PeerMessage, from sender: Int, by replica: Int, _ views: ViewChecker
    ) {
        switch message {
        case .write(let vote): note(.write, vote.epoch, vote.instance, vote.digest, sender, replica)
        case .accept(let vote): note(.accept, vote.epoch, vote.instance, vote.digest, sender, replica)
        case .decided(let word):
            note(
                .decided, Epoch(view: word.view, regency: .none), word.instance, word.digest, sender, replica)
        case .decisions(let decisions):
            for decision in decisions.decisions where isProven(decision.certificate, views) {
                let certificate = decision.certificate
                note(
                    .certificate, certificate.epoch, certificate.instance, certificate.digest, sender, replica)
            }
        default: return
        }
    }

    /// A correct replica sends `message`; what it sends to all reaches itself too.
    package mutating func sent(
        _ message: PeerMessage, by replica: Int, _ views: ViewChecker, at now: Instant
    ) -> Violation? {
        switch message {
        case .write: received(message, from: replica, by: replica, views)
        case .accept(let vote):
            received(message, from: replica, by: replica, views)
            let key = Vote(epoch: vote.epoch, instance: vote.instance, digest: vote.digest)
            accepted[key, default: VoterSet()].insert(replica)
            return check(vote, of: replica, views, at: now)
        case .checkpoint(let vote):
            checkpoints[vote.instance, default: [:]][vote.digest, default: VoterSet()].insert(replica)
        default: return nil
        }
        return nil
    }

    package mutating func restarted(_ replica: Int) { heard[replica] = [:] }

    private mutating func note(
        _ kind: Kind, _ epoch: Epoch, _ instance: Instance, _ digest: Digest, _ sender: Int, _ replica: Int
    ) {
        var known = heard[replica][instance] ?? []
        heard[replica][instance] = nil
        if let place = known.firstIndex(where: { $0.kind == kind && $0.epoch == epoch && $0.digest == digest }) {
            known[place].from.insert(sender)
        } else {
            var first = Heard(kind: kind, epoch: epoch, digest: digest)
            first.from.insert(sender)
            known.append(first)
        }
        heard[replica][instance] = known
    }

    // MARK: - What must stand behind it

    private func check(_ vote: AcceptVote, of replica: Int, _ views: ViewChecker, at now: Instant) -> Violation? {
        // Of a view that is not proved the view checker has complained already.
        guard let view = views.view(vote.epoch.view), view.faultModel == .byzantine else { return nil }
        let rule = NaiveQuorum(view)
        let isBacked = (heard[replica][vote.instance] ?? []).contains {
            $0.kind == .write && $0.epoch == vote.epoch && $0.digest == vote.digest && rule.isQuorum($0.from)
        }
        guard !isBacked else { return nil }
        return Violation(
            .quorums, at: now,
            "replica \(replica) sent ACCEPT of regency \(vote.epoch.regency) for instance \(vote.instance) "
                + "without a quorum of WRITEs")
    }

    /// A correct replica handed this to its execution.
    package func decided(
        _ execution: Execution, by replica: Int, _ views: ViewChecker, at now: Instant
    ) -> Violation? {
        let rule = NaiveQuorum(views.view(of: execution.instance))
        let isBacked = (heard[replica][execution.instance] ?? []).contains {
            guard $0.digest == execution.digest, $0.epoch.view == execution.epoch.view else { return false }
            switch $0.kind {
            case .accept: return rule.isQuorum($0.from)
            case .decided: return rule.isWeak($0.from)
            case .certificate: return true
            case .write: return false
            }
        }
        guard !isBacked else { return nil }
        return Violation(
            .quorums, at: now,
            "replica \(replica) decided instance \(execution.instance) "
                + "without a quorum of ACCEPTs, f+1 DECIDED or a certificate")
    }

    /// A correct replica took over the state after that instance.
    package func installed(
        _ instance: Instance, by replica: Int, _ views: ViewChecker, at now: Instant
    ) -> Violation? {
        let rule = NaiveQuorum(views.view(of: instance))
        let isBacked = (checkpoints[instance] ?? [:]).values.contains { rule.isQuorum(withLiars($0)) }
        guard !isBacked else { return nil }
        return Violation(
            .quorums, at: now,
            "replica \(replica) took over the checkpoint after \(instance) without a quorum of CHECKPOINTs")
    }

    private func isProven(_ certificate: DecisionCertificate, _ views: ViewChecker) -> Bool {
        guard let view = views.view(certificate.epoch.view) else { return false }
        let key = Vote(epoch: certificate.epoch, instance: certificate.instance, digest: certificate.digest)
        let voters = withLiars(accepted[key] ?? VoterSet())
        var signers = VoterSet()
        for share in certificate.shares {
            if voters.contains(share.replica.slot) { signers.insert(share.replica.slot) }
        }
        return NaiveQuorum(view).isQuorum(signers)
    }

    private func withLiars(_ voters: VoterSet) -> VoterSet {
        var all = voters
        for liar in liars { all.insert(liar) }
        return all
    }
}
