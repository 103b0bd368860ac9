// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Fetching a whole state, where decisions do not lead on any more (protocol §7).
extension ReplicaCore {
    /// How often a person is told how far it is.
    private static var tellingPeriod: Interval { .seconds(5) }

    /// Whether the state after that instance leads on. What lies below a stable checkpoint is forgotten: from an older state nobody
    /// could go on.
    private func isUseful(_ instance: Instance) -> Bool {
        (instance > decided || instance >= wrongState?.instance ?? .max) && instance >= checkpoints.stableInstance
    }

    mutating func onCheckpointOffer(
        _ offer: CheckpointCertificate, from member: ReplicaIndex, into effects: inout Effects
    ) {
        let (time, patience) = (now.monotonic, configuration.timeouts.fetch)
        guard member != me, views.view(offer.view) != nil else { return }
        transfer?.onOffer(offer, from: member, at: time, patience: patience)
        // Unasked for it would have whoever is a little behind fetch a state for nothing.
        let isAnswer = catchUp.wasAsked(member, at: time, within: patience * 8) && isUseful(offer.instance)
        // Where decisions are kept for this replica a certificate that it has passed goes before them.
        if offer.instance > decided {
            catchUp.lacks(member)
            catchUp.answered(by: member, usefully: true, at: time, patience: patience)
        } else if catchUp.isAwaitedForCheckpoint(member) {
            let isNews = isAnswer || offer.instance > checkpoints.stableInstance
            catchUp.answered(by: member, usefully: isNews, at: time, patience: patience)
        }
        guard isAnswer, transfer == nil, catchUp.installing == nil else {
            // Its state is not needed, but its certificate may be news.
            return onStable(offer, into: &effects)
        }
        catchUp.noteOffer(offer, of: member, at: time)
        if !beginFetchingState(into: &effects) { onStable(offer, into: &effects) }
    }

    /// If decisions lead on no more. Returns whether it has begun.
    mutating func beginFetchingState(into effects: inout Effects) -> Bool {
        guard transfer == nil, catchUp.installing == nil, leavingAt == nil, !lacksVersion,
            !catchUp.hasKeeper(beyond: decided)
        else {
            return false
        }
        let patience = configuration.timeouts.fetch
        // Whose state is wrong needs another, whoever offers it.
        let least = wrongState.map { $0.instance.previous } ?? decided
        guard
            let (offer, source) = catchUp.state(
                beyond: least, at: now.monotonic, patience: patience, byAnyone: wrongState != nil),
            isUseful(offer.instance)
        else { return false }
        noteOwnWord(in: offer.shares, on: offer.instance, of: offer.view, into: &effects)
        catchUp.beginWithoutKeepers()
        transfer = StateTransfer(offer, from: source, view: view, peers: peers, at: now.monotonic)
        tellProgress(into: &effects)
        return true
    }

    /// It is not asked for this state again.
    mutating func onWrongManifest(_ name: CheckpointName, from sender: ReplicaID, into effects: inout Effects) {
        guard let member = peers.index(of: sender), transfer?.onWrongManifest(of: name, from: member) ?? false
        else { return }
        effects.notices.append(.misbehaviour(sender, .wrongManifest))
    }

    mutating func onManifest(_ named: NamedManifest, from member: ReplicaIndex, into effects: inout Effects) {
        let (time, patience) = (now.monotonic, configuration.timeouts.fetch)
        guard let wanted = transfer?.onManifest(named, from: member, at: time, patience: patience) else { return }
        effects.lookUps.append(ChunkLookUp(checkpoint: named.checkpoint, wanted: wanted))
    }

    mutating func onChunksFound(
        _ chunks: [FoundChunk], of checkpoint: CheckpointName, into effects: inout Effects
    ) {
        let time = now.monotonic
        transfer?.onFound(chunks, of: checkpoint, at: time)
    }

    mutating func onChunk(_ chunk: HashedChunk, from member: ReplicaIndex, into effects: inout Effects) {
        let (time, patience) = (now.monotonic, configuration.timeouts.fetch)
        let isRight = transfer?.onChunk(chunk, from: member, at: time, patience: patience) ?? true
        if !isRight { effects.notices.append(.misbehaviour(peers[member].id, .wrongChunk)) }
    }

    /// Asks for what is due, moves on to a newer checkpoint, or installs what is complete.
    mutating func goOnFetchingState(into effects: inout Effects) {
        keepKeepers(into: &effects)
        guard let instance = transfer?.instance else { return }
        let (time, patience) = (now.monotonic, configuration.timeouts.fetch)
        // Meanwhile it may have got there by votes.
        guard isUseful(instance) else {
            transfer = nil
            return
        }
        if transfer?.isComplete ?? false {
            // While its log cannot be written it keeps what it has, and the others keep what follows.
            if !isLogBroken {
                tellProgress(into: &effects)
                return install(into: &effects)
            }
        } else if transfer?.moveOn(at: time, patience: patience) ?? false {
            tellProgress(into: &effects)
        }
        for request in transfer?.requests(at: time, patience: patience) ?? [] {
            guard let name = transfer?.name else { return }
            let question = request.positions.map {
                PeerMessage.fetchChunks(FetchChunks(checkpoint: name, positions: $0))
            }
            send(question ?? .fetchManifest(name), to: request.source, into: &effects)
        }
        for keeping in transfer?.toKeep(at: time, every: configuration.timeouts.lease / 4) ?? [] {
            askToKeep(keeping.checkpoint, keeping.member, into: &effects)
        }
        if now.monotonic.since(transferToldAt) >= Self.tellingPeriod { tellProgress(into: &effects) }
    }

    private func askToKeep(_ name: CheckpointName, _ member: ReplicaIndex, into effects: inout Effects) {
        send(.fetchChunks(FetchChunks(checkpoint: name, positions: [])), to: member, into: &effects)
    }

    /// A large state takes a while to be restored and written, and afterwards this replica's disk may keep it from taking decisions.
    private mutating func keepKeepers(into effects: inout Effects) {
        guard transfer == nil, !catchUp.keepers.isEmpty, let name = catchUp.base,
            now.monotonic.since(keepersToldAt) >= configuration.timeouts.lease / 4
        else { return }
        keepersToldAt = now.monotonic
        for member in catchUp.keepers { askToKeep(name, member, into: &effects) }
    }

    private mutating func tellProgress(into effects: inout Effects) {
        guard let progress = transfer?.progress(at: now.monotonic) else { return }
        transferToldAt = now.monotonic
        effects.notices.append(.fetchingState(progress))
    }

    private mutating func install(into effects: inout Effects) {
        guard let state = transfer?.state, catchUp.installing == nil else { return }
        catchUp.begin(with: transfer?.keepers ?? ReplicaSet(), after: state.certificate.name)
        keepersToldAt = now.monotonic
        transfer = nil
        let certificate = state.certificate
        catchUp.installing = certificate
        noteOwnWord(in: certificate.shares, on: certificate.instance, of: certificate.view, into: &effects)
        // What was executed beyond what is decided is gone with the state that is replaced.
        tentative?.removeAll()
        effects.executions.append(.install(state))
    }
}
