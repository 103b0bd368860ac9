// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What a member wants of decisions: one question of each stands, until the pace allows it and what it takes is checked.
struct DecisionQuestion: Sendable {
    let first: Instance
    /// Certificates of so many from there up to that instance are being checked for it.
    var unchecked = 0
    var end = Instance.zero

    func awaits(_ instance: Instance) -> Bool { unchecked > 0 && instance >= first && instance < end }
}

/// Handing out decisions to those who are behind (protocol §7).
extension ReplicaCore {
    /// So many decisions are sent at once at most.
    static var decisionsMax: Int { 128 }
    /// What having a certificate checked costs whoever asks for it, in bytes at the pace of serving: some signatures.
    static var checkCost: Int { 8_192 }

    mutating func onFetchDecisions(_ fetch: FetchDecisions, from member: ReplicaIndex, into effects: inout Effects) {
        guard member != me else { return }
        leases.renew(decisionsFrom: fetch.first, for: member, at: now.monotonic)
        // Nothing more is begun for it while something is.
        guard (decisionsAwaited[member]?.unchecked ?? 0) == 0 else { return }
        decisionsAwaited[member] = DecisionQuestion(first: fetch.first)
        serveDecisions(to: member, into: &effects)
    }

    /// Those whose turn has come by time.
    mutating func serveAwaitedDecisions(into effects: inout Effects) {
        for position in decisionsAwaited.indices where decisionsAwaited[ReplicaIndex(position)] != nil {
            serveDecisions(to: ReplicaIndex(position), into: &effects)
        }
    }

    /// A certificate has been checked, whatever came of it. Whoever waits for decisions waits for many checks: looking after each of them
    /// would take quadratic time.
    mutating func noteChecked(_ instance: Instance, into effects: inout Effects) {
        for position in decisionsAwaited.indices {
            let member = ReplicaIndex(position)
            guard let question = decisionsAwaited[member], question.awaits(instance) else { continue }
            decisionsAwaited[member]?.unchecked = question.unchecked - 1
            serveDecisions(to: member, into: &effects)
        }
    }

    var decisionsDeadline: Instant? {
        var earliest: Instant?
        for position in decisionsAwaited.indices {
            let member = ReplicaIndex(position)
            guard let question = decisionsAwaited[member], question.unchecked == 0 else { continue }
            earliest = min(earliest ?? .distantFuture, serving.due(member))
        }
        return earliest
    }

    /// **Safety**: no replica hands out a certificate that it has not checked. Those not checked yet are given to
    /// Admission first, and what is proven is sent when all are back. Of what nothing here proves it gives its own word, of which those of
    /// f+1 members suffice: one that signs wrongly could otherwise have nobody lead on from there.
    private mutating func serveDecisions(to member: ReplicaIndex, into effects: inout Effects) {
        guard let question = decisionsAwaited[member], question.unchecked == 0,
            serving.allows(member, at: now.monotonic)
        else { return }
        guard keepsDecision(of: question.first) else {
            decisionsAwaited[member] = nil
            return offerCheckpoint(from: question.first, to: member, into: &effects)
        }
        let answer = answer(to: question, into: &effects)
        guard answer.unchecked == 0 else {
            serving.note(answer.unchecked * Self.checkCost, to: member, at: now.monotonic)
            decisionsAwaited[member]?.unchecked = answer.unchecked
            decisionsAwaited[member]?.end = answer.end
            return
        }
        decisionsAwaited[member] = nil
        guard !answer.decisions.isEmpty || !answer.words.isEmpty else { return }
        serving.note(answer.bytes, to: member, at: now.monotonic)
        // It has followed beyond that checkpoint, and the votes for it are long gone.
        if leases.isHeld(by: member), let stable = archived.stable(below: question.first) {
            send(.checkpointOffer(stable), to: member, into: &effects)
        }
        if !answer.decisions.isEmpty {
            send(.decisions(Decisions(decisions: answer.decisions)), to: member, into: &effects)
        }
        for word in answer.words { send(.decided(word), to: member, into: &effects) }
    }

    private struct DecisionAnswer {
        var decisions: [Decision] = []
        /// Only where nothing else is.
        var words: [Decided] = []
        var unchecked = 0
        /// What is neither looked at nor waited for any more.
        var end: Instance
        var bytes = 1_024
    }

    private mutating func answer(to question: DecisionQuestion, into effects: inout Effects) -> DecisionAnswer {
        // Of one view at a time: whoever asks may not know the next one yet.
        let owner = views.view(of: question.first).number
        var answer = DecisionAnswer(end: question.first)
        while answer.end <= decided, answer.end < question.first + Self.decisionsMax,
            answer.bytes < configuration.decisionsBytesMax, views.view(of: answer.end).number == owner,
            let (known, certificate) = kept(answer.end)
        {
            if let certificate, let body = known.body {
                guard answer.words.isEmpty else { break }
                answer.bytes += known.sendingCost
                answer.decisions.append(Decision(body: body, certificate: certificate))
            } else if answer.words.isEmpty, known.body != nil, requestCheckOfKept(answer.end, into: &effects) {
                answer.bytes += known.sendingCost
                answer.unchecked += 1
            } else {
                guard answer.decisions.isEmpty, answer.unchecked == 0, mode == .voter,
                    answer.words.count < view.settings.window
                else { break }
                answer.bytes += 128
                answer.words.append(Decided(view: owner, instance: answer.end, digest: known.digest))
            }
            answer.end = answer.end.next
        }
        return answer
    }
}

extension KnownBatch {
    fileprivate var sendingCost: Int { bodies.reduce(256) { $0 + ($1?.payload.count ?? 0) + 160 } }
}
