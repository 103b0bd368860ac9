// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Measuring how far away the others are: challenges and their answers (adaptation §2). Nothing that is decided rests on it.
extension ReplicaCore {
    /// A learner does not measure, and is not measured: it votes for nothing, so nobody must count on it.
    private var isMeasuring: Bool { measuring.schedule.isOn && mode == .voter }

    /// How far away that member is for proposals or votes, by this replica's own measurements.
    package func measured(_ path: LatencyMonitor.Path, to member: ReplicaIndex) -> LinkLatency {
        member == me ? .zero : measuring.monitor.latency(to: member, of: path, at: now.monotonic)
    }

    // MARK: Asking

    /// Beside this replica's first vote for an instance.
    mutating func measureVotes(at instance: Instance, into effects: inout Effects) {
        guard isMeasuring, measuring.schedule.measures(instance) else { return }
        askAll(.vote, into: &effects)
        guard measuring.schedule.turn(of: instance, n: view.n) == me, !isLeader else { return }
        // As large as what the leader proposes.
        let entries = window[instance].proposed.flatMap { window[instance].batch($0.digest)?.batch.entries.count } ?? 0
        let padding = Bytes(repeating: 0, count: view.proposalBytes(entries: min(entries, view.batchEntriesMax)))
        askAll(.dummyProposal(padding: padding), into: &effects)
    }

    /// Behind this replica's own proposal, when it has come back: by then its digest is known.
    mutating func measureProposal(_ proposal: Proposal, into effects: inout Effects) {
        let instance = proposal.batch.instance
        guard isMeasuring, measuring.schedule.measures(instance) else { return }
        askAll(.proposal(proposal.epoch, instance), expecting: proposal.digest, into: &effects)
    }

    /// An idle group goes on measuring, slowly, so that it knows before load comes.
    mutating func measureIfIdle(into effects: inout Effects) {
        guard let due = measuringDeadline, due <= now.monotonic else { return }
        askAll(.vote, into: &effects)
    }

    var measuringDeadline: Instant? {
        isMeasuring && measuring.stock.count > 0 ? measuring.lastAsked + configuration.timeouts.measure : nil
    }

    private mutating func askAll(
        _ subject: Challenge.Subject, expecting digest: Digest? = nil, into effects: inout Effects
    ) {
        let path: LatencyMonitor.Path = if case .vote = subject { .votes } else { .proposals }
        if path == .votes { measuring.lastAsked = now.monotonic }
        for position in 0..<view.n {
            let member = ReplicaIndex(position)
            guard member != me, measuring.monitor.mayAsk(member, about: path, at: now.monotonic),
                let number = measuring.stock.take()
            else { continue }
            measuring.monitor.noteChallenge(
                number, to: member, about: path, expecting: digest, at: now.monotonic)
            send(.challenge(Challenge(subject, number: number)), to: member, into: &effects)
        }
    }

    mutating func refillStock(into effects: inout Effects) {
        guard measuring.schedule.isOn else { return }
        effects.entropyWanted += measuring.stock.wanted()
    }

    mutating func onEntropy(_ numbers: [UInt64]) {
        measuring.stock.refill(numbers)
        drawSecret()
    }

    // MARK: Answering

    mutating func onChallenge(_ challenge: Challenge, from member: ReplicaIndex, into effects: inout Effects) {
        guard isMeasuring, member != me,
            measuring.budgets[member].spend(
                measured: measuring.schedule.count(through: decided), period: configuration.timeouts.measure / 4,
                at: now.monotonic)
        else { return }
        switch challenge.subject {
        case .vote, .dummyProposal:
            send(
                .challengeResponse(ChallengeResponse(number: challenge.number, digest: nil)), to: member, into: &effects
            )
        case .proposal:
            measuring.held[member] = challenge
            answerHeldChallenge(of: member, into: &effects)
        }
    }

    /// Who is asked about a proposal answers when it has it.
    mutating func answerHeldChallenge(of member: ReplicaIndex, into effects: inout Effects) {
        guard let challenge = measuring.held[member], case .proposal(let asked, let instance) = challenge.subject,
            asked == epoch, member == leader, window.contains(instance), let proposed = window[instance].proposed
        else { return }
        measuring.held[member] = nil
        let response = ChallengeResponse(number: challenge.number, digest: proposed.digest)
        send(.challengeResponse(response), to: member, into: &effects)
    }

    mutating func onChallengeResponse(_ response: ChallengeResponse, from member: ReplicaIndex) {
        measuring.monitor.noteResponse(response, from: member, at: now.monotonic)
    }
}
