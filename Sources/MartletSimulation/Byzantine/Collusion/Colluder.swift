// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Acts together with the other colluders. Leading, it tells one half of the others another batch, sometimes with a
/// forged request in it, sometimes with one that a client in league gave to it alone; all colluders vote on each side for
/// what that side was told, vouch for what is forged, claim in STOPDATA what suits them, and tell clients the same lie.
struct Colluder: Misbehaviour {
    let kind = LiarKind.colluder
    private var voted: Set<Round> = []
    private var answers: [Outgoing] = []
    private var seen: Set<Round> = []
    private let conspiracy: Conspiracy

    init(_ context: inout LiarContext) { conspiracy = context.conspiracy }

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        guard case .fetchBatch(let fetch) = message, let batch = conspiracy.other(fetch.digest) else { return }
        // Whoever asks has the bodies of real requests.
        answers.append(
            Outgoing(.batchBody(BatchBody(batch: batch, bodies: batch.entries.map { _ in nil })), to: sender))
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for place in outgoing.indices {
            switch outgoing[place].message {
            case .propose(let propose): alter(&outgoing[place], propose, &context)
            case .write, .accept: alterVote(&outgoing[place], &context)
            case .stopData(let data):
                guard let lie = ColludedClaims.lie(data, conspiracy, context) else { continue }
                outgoing[place].message = lie
                context.acted(.named("collusion: claims"))
            case .sync(let sync): alter(&outgoing[place], sync, &context)
            case .checkpoint(let vote): alter(&outgoing[place], vote, &context)
            default: continue
            }
        }
        outgoing.append(contentsOf: answers)
        context.acted(.named("collusion: the other batch handed on"), times: answers.count)
        answers.removeAll()
        backSplits(&outgoing, &context)
    }

    // MARK: Leading

    private mutating func alter(_ item: inout Outgoing, _ propose: Propose, _ context: inout LiarContext) {
        let round = Round(regency: propose.epoch.regency, instance: propose.batch.instance)
        if seen.insert(round).inserted { split(propose, round, &context) }
        guard let split = conspiracy.splits[round], split.side.contains(item.receiver) else { return }
        item.message = .propose(Propose(epoch: propose.epoch, batch: split.other))
        context.acted(.named(split.forged.isEmpty ? "collusion: two proposals" : "collusion: forged proposal"))
    }

    private func split(_ propose: Propose, _ round: Round, _ context: inout LiarContext) {
        var side = conspiracy.half
        var forged: [ForwardedRequest] = []
        let other: Batch
        if let sync = conspiracy.otherSyncs[propose.epoch.regency],
            let outcome = ColludedClaims.empties(propose, under: sync, context.view)
        {
            other = outcome
        } else if context.random.chance(permille: 350) {
            guard propose.batch.born == propose.epoch, !propose.batch.entries.isEmpty else { return }
            if context.random.chance(permille: 350) {
                forged = [ColludedClaims.forgery(for: propose.batch, conspiracy, &context)]
                side = context.others
            }
            other = variant(of: propose.batch, forged, context)
        } else {
            return
        }
        conspiracy.add(
            Conspiracy.Split(
                epoch: propose.epoch, told: context.digest(of: propose.batch), other: other,
                otherDigest: context.digest(of: other), side: side, forged: forged), at: round)
    }

    /// As valid as the original but for what is forged.
    private func variant(of batch: Batch, _ forged: [ForwardedRequest], _ context: borrowing LiarContext) -> Batch {
        var entries = batch.entries
        if !forged.isEmpty || entries.count > 1 { entries.removeLast() }
        for forward in forged {
            entries.append(BatchEntry(id: forward.request.id, digest: context.digest(of: forward.request)))
        }
        return Batch(
            instance: batch.instance, born: batch.born, time: Timestamp(batch.time.rawValue + 1), entries: entries)
    }

    /// Another collected set for one half: with its own STOPDATA telling of nothing.
    private func alter(_ item: inout Outgoing, _ sync: Sync, _ context: inout LiarContext) {
        guard context.leader(of: sync.epoch.regency) == context.me else { return }
        if conspiracy.otherSyncs[sync.epoch.regency] == nil {
            conspiracy.otherSyncs[sync.epoch.regency] = ColludedClaims.other(sync, context)
        }
        guard let other = conspiracy.otherSyncs[sync.epoch.regency], conspiracy.half.contains(item.receiver),
            other != sync
        else { return }
        item.message = .sync(other)
        context.acted(.named("collusion: two SYNCs"))
    }

    // MARK: Backing each other

    private func alterVote(_ item: inout Outgoing, _ context: inout LiarContext) {
        guard let vote = item.message.voted,
            let split = conspiracy.splits[Round(regency: vote.epoch.regency, instance: vote.instance)],
            let lie = context.vote(
                item.message, for: split.side.contains(item.receiver) ? split.otherDigest : split.told),
            lie != item.message
        else { return }
        item.message = lie
        context.acted(.named("collusion: vote for each side"))
    }

    /// Votes both ways, in both phases, as soon as there are two stories.
    private mutating func backSplits(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for round in conspiracy.rounds where voted.insert(round).inserted {
            guard let split = conspiracy.splits[round] else { continue }
            for other in context.others where !conspiracy.members.contains(other) {
                let digest = split.side.contains(other) ? split.otherDigest : split.told
                let write = WriteVote(epoch: split.epoch, instance: round.instance, digest: digest)
                let accept = AcceptVote(epoch: split.epoch, instance: round.instance, digest: digest)
                let word = Decided(view: split.epoch.view, instance: round.instance, digest: digest)
                if !split.forged.isEmpty { outgoing.append(Outgoing(.forwarded(split.forged), to: other)) }
                outgoing.append(Outgoing(.write(write), to: other))
                outgoing.append(Outgoing(context.seal(.accept(accept)), to: other))
                outgoing.append(Outgoing(.decided(word), to: other))
                context.acted(.named("collusion: votes ahead"))
            }
        }
        if voted.count > 1_024 { voted = Set(conspiracy.rounds) }
    }

    /// All conspirators vote for the same wrong state.
    private func alter(_ item: inout Outgoing, _ vote: CheckpointVote, _ context: inout LiarContext) {
        guard vote.instance.rawValue / UInt64(context.view.settings.checkpointPeriod) % 3 == 0 else { return }
        item.message = context.seal(
            .checkpoint(
                CheckpointVote(
                    view: vote.view, instance: vote.instance,
                    digest: Digest(words: Words32(vote.instance.rawValue, 13, 13, 13)))))
        context.acted(.named("collusion: wrong state"))
    }

    // MARK: Clients

    /// The same wrong result for the same requests, whoever of the conspirators answers.
    mutating func alter(_ replies: inout [Reply], _ context: inout LiarContext) {
        for place in replies.indices where replies[place].request.sequence.rawValue % 3 == 0 {
            let reply = replies[place]
            replies[place] = Reply(
                view: reply.view, request: reply.request, finality: .final, body: .result(ServiceCodec.wrong))
            context.acted(.named("collusion: wrong result"))
        }
    }

    mutating func alter(_ reply: inout ReadReply, to query: Bytes, _ context: inout LiarContext) {
        guard reply.number % 3 == 0 else { return }
        reply = ReadReply(view: reply.view, number: reply.number, version: reply.version, result: ServiceCodec.wrong)
        context.acted(.named("collusion: wrong answer to a read"))
    }
}
