// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

extension ReplicaCore {
    /// Hands a message to the subprotocol it belongs to. A vote is a member's of the present view; what is neither that nor of anybody
    /// whom this replica speaks with is dropped.
    mutating func onMessage(_ message: VerifiedMessage, into effects: inout Effects) {
        guard isOfThisView(message, into: &effects) else { return }
        switch message {
        case .propose(let it):
            withMember(it) { core, message, from in core.onPropose(message, from: from, into: &effects) }
        case .write(let it): withMember(it) { core, message, from in core.onWrite(message, from: from, into: &effects) }
        case .accept(let it):
            withMember(it) { core, message, from in core.onAccept(message, from: from, into: &effects) }
        case .decided(let it): withMember(it) { core, message, from in core.onDecided(message, from: from) }
        case .stop(let it): withMember(it) { core, message, from in core.onStop(message, from: from, into: &effects) }
        case .stopData(let it):
            withMember(it) { core, message, from in core.onStopData(message, from: from, into: &effects) }
        case .sync(let it): withMember(it) { core, message, _ in core.onSync(message, into: &effects) }
        case .checkpoint(let it):
            withPeer(it) { core, message, from in core.onCheckpoint(message, from: from, into: &effects) }
        case .forwarded(let it): withMember(it) { core, message, from in core.onForwarded(message, from: from) }
        case .vouches(let it): withMember(it) { core, message, from in core.onVouches(message, from: from) }
        case .fetchRequests(let it):
            withPeer(it) { core, message, from in core.onFetchRequests(message, from: from, into: &effects) }
        case .fetchBatch(let it):
            withPeer(it) { core, message, from in core.onFetchBatch(message, from: from, into: &effects) }
        case .batchBody(let it): withPeer(it) { core, message, _ in core.onBatchBody(message, into: &effects) }
        case .fetchDecisions(let it):
            withPeer(it) { core, message, from in core.onFetchDecisions(message, from: from, into: &effects) }
        case .decisions(let it):
            withPeer(it) { core, message, from in core.onDecisions(message, from: from, into: &effects) }
        case .fetchCheckpoint(let it):
            withPeer(it) { core, message, from in core.onFetchCheckpoint(message, from: from, into: &effects) }
        case .checkpointOffer(let it):
            withPeer(it) { core, message, from in core.onCheckpointOffer(message, from: from, into: &effects) }
        case .fetchManifest(let it):
            withPeer(it) { core, message, from in core.onFetchManifest(message, from: from, into: &effects) }
        case .manifest(let it):
            withPeer(it) { core, message, from in core.onManifest(message, from: from, into: &effects) }
        case .fetchChunks(let it):
            withPeer(it) { core, message, from in core.onFetchChunks(message, from: from, into: &effects) }
        case .chunk(let it):
            withPeer(it) { core, message, from in core.onChunk(message, from: from, into: &effects) }
        case .progress(let it):
            withPeer(it) { core, message, from in core.onProgress(message, from: from, into: &effects) }
        case .probe(let it): withMember(it) { core, message, from in core.onProbe(message, from: from, into: &effects) }
        case .probeEcho(let it): withMember(it) { core, message, from in core.onProbeEcho(message, from: from) }
        case .challenge(let it):
            withMember(it) { core, message, from in core.onChallenge(message, from: from, into: &effects) }
        case .challengeResponse(let it):
            withMember(it) { core, message, from in core.onChallengeResponse(message, from: from) }
        case .operation(let it): withPeer(it) { core, message, from in core.onOperation(message, from: from) }
        case .install(let it):
            withMember(it) { core, message, from in core.onInstall(message, from: from, into: &effects) }
        case .fetchViews(let it):
            withPeer(it) { core, message, from in core.onFetchViews(message, from: from, into: &effects) }
        case .views(let it): withPeer(it) { core, message, from in core.onViews(message, from: from, into: &effects) }
        }
    }

    /// What only says where its sender stands is heard in any view. The rest belongs to one: of the next view proposals and
    /// votes are kept, anything else is sent again.
    private mutating func isOfThisView(_ message: VerifiedMessage, into effects: inout Effects) -> Bool {
        guard let origin = message.origin, origin.view != view.number, case .replica(let id) = origin.sender,
            id != own.id
        else { return true }
        guard let member = peers.index(of: id) else {
            tellStranger(id, of: origin.view, into: &effects)
            return true
        }
        noteEntered(origin.view, by: member)
        noteView(origin.view, of: member, into: &effects)
        switch message {
        case .propose, .write, .accept:
            if origin.view == view.number.next { early.keep(message, from: member, decided: decided) }
            return false
        default: return true
        }
    }

    /// **Safety** (protocol §8): what came over a channel of a key that this view has replaced, or not given yet, is not the member's word
    /// here; it may have been said before the view was known, and kept, or have waited.
    private mutating func withMember<Message>(
        _ verified: Verified<Message>, _ body: (inout ReplicaCore, Message, ReplicaIndex) -> Void
    ) {
        guard case .replica(let id) = verified.sender, let member = view.index(of: id),
            (verified.key ?? view[member].key) == view[member].key
        else { return }
        body(&self, verified.message, member)
    }

    /// What only asks, or tells what can be checked, is heard from whoever this replica speaks with.
    private mutating func withPeer<Message>(
        _ verified: Verified<Message>, _ body: (inout ReplicaCore, Message, ReplicaIndex) -> Void
    ) {
        guard case .replica(let id) = verified.sender, let peer = peers.index(of: id) else { return }
        body(&self, verified.message, peer)
    }

    func send(_ message: PeerMessage, to peer: ReplicaIndex, into effects: inout Effects) {
        effects.sends.append(Send(message, to: .replica(peers[peer].id)))
    }
}

extension VerifiedMessage {
    /// The view that its sender is in, and who that is; nil for what does not tell.
    fileprivate var origin: (view: ViewNumber, sender: Principal)? {
        switch self {
        case .propose(let it): (it.message.epoch.view, it.sender)
        case .write(let it): (it.message.epoch.view, it.sender)
        case .accept(let it): (it.message.epoch.view, it.sender)
        case .stop(let it): (it.message.view, it.sender)
        case .stopData(let it): (it.message.epoch.view, it.sender)
        case .progress(let it): (it.message.epoch.view, it.sender)
        case .install(let it): (it.message.view, it.sender)
        default: nil
        }
    }
}
