// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Puts what the core wants done into words, one line each; the words are those that `TraceReader` reads.
struct TracePrinter {
    let names: TraceNames
    let me: ReplicaID

    static func line(_ kind: String, _ text: String) -> String {
        "    " + kind + String(repeating: " ", count: max(1, 11 - kind.count)) + text
    }

    func line(_ send: Send) -> String {
        let to =
            switch send.destination {
            case .everyone: "to all"
            case .others: "to others"
            case .replica(let id): id == me ? "to itself" : "to \(id)"
            }
        return Self.line(to, text(of: send.message))
    }

    // MARK: Messages

    func text(of message: PeerMessage) -> String {
        switch message {
        case .propose(let it): "PROPOSE r\(it.epoch.regency) \(name(Samples.digest(of: it.batch)))"
        case .write(let it): "WRITE r\(it.epoch.regency) i\(it.instance) \(name(it.digest))"
        case .accept(let it): "ACCEPT r\(it.epoch.regency) i\(it.instance) \(name(it.digest))"
        case .decided(let it): "DECIDED i\(it.instance) \(name(it.digest))"
        case .stop(let it): "STOP r\(it.regency) \(it.reason)"
        case .stopData(let it): "STOPDATA r\(it.epoch.regency) \(names.text(of: it))"
        case .sync(let it): "SYNC r\(it.epoch.regency) \(list(it.collected.map { nameOrText($0) }))"
        case .checkpoint(let it): "CHECKPOINT i\(it.instance) \(name(it.digest))"
        default: textOfTransfer(message)
        }
    }

    private func textOfTransfer(_ message: PeerMessage) -> String {
        switch message {
        case .forwarded(let it):
            "FORWARDED "
                + list(
                    it.map { name(Samples.digest(of: $0.request)) + ($0.proof != nil ? "!" : $0.isVouched ? "" : "?") })
        case .vouches(let it): "VOUCHES " + list(it.entries.map { name($0.digest) })
        case .fetchRequests(let it): "FETCH-REQUESTS " + list(it.entries.map { name($0.digest) })
        case .fetchBatch(let it): "FETCH-BATCH i\(it.instance) \(name(it.digest))"
        case .batchBody(let it): "BATCH " + text(of: it)
        case .fetchDecisions(let it): "FETCH-DECISIONS i\(it.first)"
        case .decisions(let it):
            "DECISIONS " + list(it.decisions.map { "\(text(of: $0.body))@r\($0.certificate.epoch.regency)" })
        case .fetchCheckpoint(let it): "FETCH-CHECKPOINT i\(it.instance)"
        case .checkpointOffer(let it): "OFFER " + text(of: it.name)
        case .fetchManifest(let it): "FETCH-MANIFEST " + text(of: it)
        case .manifest(let it): "MANIFEST \(text(of: it.checkpoint)) \(it.manifest.digests.count) chunks"
        case .fetchChunks(let it): "FETCH-CHUNKS \(text(of: it.checkpoint)) " + list(it.positions.map { "\($0)" })
        case .chunk(let it): "CHUNK \(text(of: it.checkpoint)) \(it.position)"
        case .progress(let it):
            "PROGRESS r\(it.epoch.regency) decided i\(it.decided) stable i\(it.stableCheckpoint)"
                + (it.asksForHelp ? " help" : "") + (it.isSynced ? "" : " unsynced")
                + (it.mode == .learner ? " learner" : "")
        case .probe(let it): "PROBE #\(it.sequence)"
        case .probeEcho(let it): "PROBE-ECHO #\(it.sequence)"
        case .challenge(let it): "CHALLENGE " + text(of: it.subject) + " #\(it.number)"
        case .operation(let it): "OPERATION #\(it.request.id.sequence)"
        case .challengeResponse(let it): "RESPONSE #\(it.number)" + (it.digest.map { " to \(name($0))" } ?? "")
        case .install(let it): "INSTALL view \(it.next.number) after i\(it.last)"
        case .fetchViews(let it): "FETCH-VIEWS after \(it.after)"
        case .views(let it): "VIEWS " + list(it.certificates.map { "\($0.next.number)@i\($0.last)" })
        default: preconditionFailure("a message of ordering is printed elsewhere")
        }
    }

    private func text(of checkpoint: CheckpointName) -> String { "i\(checkpoint.instance) \(name(checkpoint.digest))" }

    func line(_ service: CheckpointService) -> String {
        let what = service.positions.map { "chunks " + list($0.map { "\($0)" }) } ?? "manifest"
        return Self.line("serve", "\(what) of \(text(of: service.checkpoint)) to \(service.receiver)")
    }

    func line(_ wanted: ChunkLookUp) -> String {
        Self.line("look up", "\(wanted.wanted.count) chunks of \(text(of: wanted.checkpoint))")
    }

    private func text(of subject: Challenge.Subject) -> String {
        switch subject {
        case .vote: "vote"
        case .proposal(let epoch, let instance): "proposal r\(epoch.regency) i\(instance)"
        case .dummyProposal(let padding): "dummy \(padding.count)"
        }
    }

    private func name(_ digest: Digest) -> String { names.name(of: digest) }

    private func list(_ items: [String]) -> String { "[" + items.joined(separator: " ") + "]" }

    private func nameOrText(_ data: StopData) -> String {
        names.name(of: data) ?? "(\(data.sender): \(names.text(of: data)))"
    }

    private func text(of body: BatchBody) -> String {
        let lacking = zip(body.batch.entries, body.bodies).filter { $1 == nil }.map { name($0.0.digest) }
        return name(Samples.digest(of: body.batch)) + (lacking.isEmpty ? "" : " lacking " + list(lacking))
    }

    // MARK: The other stages

    func line(_ order: ExecutionOrder) -> String {
        switch order {
        case .awaitDurable(let it): Self.line("execute", "what follows once \(it.rawValue) records are durable")
        case .execute(let it): Self.line("execute", "i\(it.instance) " + list(it.steps.map { text(of: $0) }))
        case .executeTentatively(let it):
            Self.line("execute", "i\(it.instance) tentatively " + list(it.steps.map { text(of: $0) }))
        case .holdReads(let last): Self.line("hold", "reads up to i\(last)")
        case .rollBack(let last): Self.line("go back", "to i\(last)")
        case .endView: Self.line("end", "view")
        case .endSessions(let ended): Self.line("end", "sessions \(ended)")
        case .serve(let now): Self.line("serve", "\(now.table.summary)")
        case .refuse(let refusal): Self.line("refuse", "\(refusal.refusal)")
        case .beginView(let view): Self.line("begin", "view \(view.number)")
        case .stopVoting: Self.line("stop", "voting")
        case .beginVoting: Self.line("begin", "voting")
        case .snapshot(let instance, _, _, _, _): Self.line("snapshot", "i\(instance)")
        case .resend(let id): Self.line("resend", TraceNames.text(of: id))
        case .tellOpened(let session, let id): Self.line("tell", "\(TraceNames.text(of: id)) opened \(session)")
        case .install(let state): Self.line("install", "checkpoint i\(state.certificate.instance)")
        case .forgetSnapshots(let below, let kept):
            Self.line("forget", "snapshots below i\(below)" + kept.map { ", not i\($0)" }.joined())
        }
    }

    private func text(of step: ExecutionStep) -> String {
        // Nobody may have the body of a void request; then it is told by its name.
        let found = names.name(of: Samples.digest(of: step.request))
        let request = found == "unknown" ? "(" + TraceNames.text(of: step.request.id) + ")" : found
        switch step.verdict {
        case .execute: return request
        case .open(let session, let evicted):
            return "\(request)=>\(session)" + (evicted.isEmpty ? "" : " evicting \(evicted)")
        case .repeated: return request + " repeated"
        case .reconfigure(let result): return request + ": \(result)"
        case .refuse(let body): return request + " refused: \(body)"
        }
    }

    func line(_ refusal: ClientRefusal) -> String {
        Self.line("refuse", "\(TraceNames.text(of: refusal.refusal.request)): \(refusal.refusal.reason)")
    }

    func line(_ check: DecisionCertificate) -> String {
        let signers = check.shares.map { "\($0.replica)" }.joined(separator: " ")
        return Self.line(
            "check", "i\(check.instance) \(name(check.digest))@r\(check.epoch.regency) signed by \(signers)")
    }

    func line(_ notice: Notice) -> String { Self.line("notice", text(of: notice)) }

    private func text(of notice: Notice) -> String {
        switch notice {
        case .regencyInstalled(let epoch, let leader, let reasons):
            let why = reasons.isEmpty ? "" : ", because of " + reasons.map { "\($0)" }.joined(separator: ", ")
            return "regency \(epoch.regency) begins, leader \(leader)\(why)"
        case .synced(let epoch, let settled, let from):
            return "regency \(epoch.regency) synced: \(settled) settled, fresh from i\(from)"
        case .stopSent(let regency, let reason): return "asks for regency \(regency): \(reason)"
        case .proposalRefused(let instance, let leader, let complaint):
            return "proposal of \(leader) for i\(instance) refused: \(complaint)"
        case .requestsMissing(let instance, let count): return "i\(instance) lacks \(count) requests"
        case .strictModeBegun: return "strict mode begins"
        case .strictModeEnded: return "strict mode ends"
        case .leaderTooSlow(let leader, let took, let allowed):
            return "leader \(leader) takes \(took) for what may take \(allowed)"
        case .checkpointStable(let instance): return "checkpoint i\(instance) is stable"
        case .behind(let instance, let known): return "behind: at i\(instance), others at i\(known)"
        case .fetchingState(let it):
            return "fetching the state after i\(it.instance), \(it.bytesHeld) of \(it.bytesTotal) bytes"
        case .caughtUp(let instance): return "caught up at i\(instance)"
        case .logBroken: return "cannot write its log"
        case .logMended: return "can write its log again"
        case .diskBehind(let instance, let unwritten): return "waits for its disk at i\(instance), \(unwritten) records"
        case .diskKeptUp: return "its disk has caught up"
        case .rolledBack(let last, let from): return "went back from i\(from) to i\(last)"
        case .viewEnded(let view, let last): return "view \(view) ends with i\(last)"
        case .viewBegun(let view, let leader): return "view \(view) begins, leader \(leader)"
        case .followingAsLearner: return "follows as a learner"
        case .askedToRejoin(let view): return "asks to vote again after view \(view)"
        case .admittedAgain(let view): return "votes again from view \(view) on"
        case .votesForgotten(.instance(let said, let known)):
            return "has spoken of \(said) and remembers nothing after \(known)"
        case .votesForgotten(.regency(let said, let known)): return "has spoken in \(said) and remembers \(known)"
        case .replacedByAnother(let view): return "view \(view) admits another incarnation"
        case .misbehaviour(let liar, let what): return "replica \(liar) misbehaves: \(what)"
        case .leftGroup(let view): return "view \(view) does not list it any more"
        case .stillNeeded(let view, let members): return "stays for \(members) of view \(view)"
        case .keyReplaced(let view): return "view \(view) lists it with another key"
        case .versionUnspoken(let view, let version): return "view \(view) speaks version \(version), which it does not"
        case .versionsTold(let versions): return "tells that it speaks \(versions)"
        }
    }
}
