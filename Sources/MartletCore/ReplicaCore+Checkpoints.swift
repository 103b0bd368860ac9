// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Checkpoints (protocol §7): a quorum's signed word on a state makes it stable, and what it covers is forgotten.
extension ReplicaCore {
    mutating func onSnapshotTaken(_ instance: Instance, _ digest: Digest, into effects: inout Effects) {
        snapshotKept = max(snapshotKept, instance)
        if let stable = checkpoints.stable, stable.instance == instance, stable.digest != digest {
            stopVotingWithWrongState(stable, into: &effects)
        }
        // Also for the stable one: it may be stable here and lack a quorum of votes elsewhere.
        let view = views.view(of: instance)
        guard isAdmitted(in: view), instance >= checkpoints.stableInstance else { return }
        let vote = CheckpointVote(view: view.number, instance: instance, digest: digest)
        checkpoints.noteOwn(vote)
        effects.sends.append(Send(.checkpoint(vote), to: .everyone))
    }

    mutating func onCheckpoint(_ vote: CheckpointVote, from member: ReplicaIndex, into effects: inout Effects) {
        // Whoever votes for a checkpoint has decided everything up to it.
        catchUp.note(decided: vote.instance, of: member)
        // Judged by the view that its instance belongs to; `add` refuses it when that is another.
        guard let certificate = checkpoints.add(vote, from: peers[member].id, view: views.view(of: vote.instance))
        else { return }
        onStable(certificate, into: &effects)
    }

    mutating func onStable(_ certificate: CheckpointCertificate, into effects: inout Effects) {
        guard certificate.instance > checkpoints.stableInstance else { return }
        // Nothing is forgotten before the right state is here: it is that of the checkpoint that this replica's own contradicts.
        if wrongState != nil {
            noteOwnWord(in: certificate.shares, on: certificate.instance, of: certificate.view, into: &effects)
            if certificate.instance > checkpointAhead?.instance ?? .zero { checkpointAhead = certificate }
            return
        }
        if let own = checkpoints.own, own.instance == certificate.instance, own.digest != certificate.digest {
            stopVotingWithWrongState(certificate, into: &effects)
            return
        }
        // A state that is being installed may lie below what is decided here: nothing beyond it is forgotten before.
        guard certificate.instance <= min(decided, catchUp.installing?.instance ?? decided) else {
            noteOwnWord(in: certificate.shares, on: certificate.instance, of: certificate.view, into: &effects)
            if certificate.instance > checkpointAhead?.instance ?? .zero { checkpointAhead = certificate }
            return
        }
        checkpoints.makeStable(certificate)
        journal.write(.stable(certificate), into: &effects)
        archive(through: certificate)
        window.drop(through: certificate.instance)
        forgetSnapshots(into: &effects)
        effects.notices.append(.checkpointStable(certificate.instance))
    }

    /// A quorum has another state than this replica: its disk, memory or state machine is at fault. It goes on as a
    /// learner and takes the others' state.
    private mutating func stopVotingWithWrongState(_ certificate: CheckpointCertificate, into effects: inout Effects) {
        effects.notices.append(.misbehaviour(own.id, .conflictingCheckpoint))
        stopVoting(into: &effects)
        guard wrongState == nil else { return }
        wrongState = certificate
        // They keep what follows another state than this one.
        catchUp.beginWithoutKeepers()
    }

    // MARK: Taking over a state

    mutating func onCheckpointInstalled(_ image: CheckpointImage, into effects: inout Effects) {
        guard let certificate = catchUp.installing, certificate.instance == image.instance else { return }
        catchUp.installing = nil
        // What its wrong state said of later instances is not to be held against the right one.
        if wrongState != nil { checkpoints.forgetOwn() }
        wrongState = nil
        sessions = SessionTable(image: image, settings: view.settings)
        // Who takes the right state for its wrong one goes back, and remembers what it said all the same.
        if image.instance < decided { remembered = max(remembered, window.end.previous) }
        decided = image.instance
        executed = image.instance
        snapshotKept = image.instance
        lastTime = image.time
        tentative = TentativeChain(settings: view.settings, sessions: sessions, lastTime: lastTime)
        lastAdvance = now.monotonic
        checkpoints.makeStable(certificate)
        journal.write(.stable(certificate), into: &effects)
        // It has that state now and says so like everyone else: others may still lack a quorum of votes for it.
        if let view = views.view(certificate.view), isAdmitted(in: view) {
            checkpoints.noteOwn(
                CheckpointVote(view: certificate.view, instance: certificate.instance, digest: certificate.digest),
                after: journal.position)
        }
        if (checkpointAhead?.instance ?? .zero) <= image.instance { checkpointAhead = nil }
        endAllLeases()
        window.drop(through: image.instance)
        takeOverView(image.view, after: certificate, into: &effects)
        takeOver(image.adaptation, of: image.view, into: &effects)
        noteServed(into: &effects)
        pool.removeVoid(sessions, decided: decided)
        forgetWantedRequests()
        forgetSnapshots(into: &effects)
        effects.notices.append(.checkpointStable(image.instance))
    }
}
