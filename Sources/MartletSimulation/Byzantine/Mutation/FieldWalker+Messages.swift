// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

extension FieldWalker {
    mutating func walk(_ message: PeerMessage) -> PeerMessage {
        switch message {
        case .propose(let it): .propose(walk(it))
        case .write(let it): .write(walk(it))
        case .accept(let it): .accept(walk(it))
        case .decided(let it): .decided(walk(it))
        case .stop(let it): .stop(walk(it))
        case .stopData(let it): .stopData(walk(it))
        case .sync(let it): .sync(walk(it))
        case .checkpoint(let it): .checkpoint(walk(it))
        case .forwarded(let it): .forwarded(list(it) { walker, forward in walker.walk(forward) })
        case .vouches(let it): .vouches(Vouches(entries: list(it.entries) { walker, entry in walker.walk(entry) }))
        case .fetchRequests(let it):
            .fetchRequests(FetchRequests(entries: list(it.entries) { walker, entry in walker.walk(entry) }))
        case .fetchBatch(let it): .fetchBatch(walk(it))
        case .batchBody(let it): .batchBody(walk(it))
        case .fetchDecisions(let it): .fetchDecisions(FetchDecisions(first: instance(it.first)))
        case .decisions(let it):
            .decisions(Decisions(decisions: list(it.decisions) { walker, decision in walker.walk(decision) }))
        case .fetchCheckpoint(let it): .fetchCheckpoint(FetchCheckpoint(instance: instance(it.instance)))
        case .checkpointOffer(let it): .checkpointOffer(walk(it))
        case .fetchManifest(let it): .fetchManifest(walk(it))
        case .manifest(let it): .manifest(walk(it))
        case .fetchChunks(let it): .fetchChunks(walk(it))
        case .chunk(let it): .chunk(walk(it))
        case .progress(let it): .progress(walk(it))
        case .probe(let it): .probe(Probe(sequence: sequence(it.sequence)))
        case .probeEcho(let it): .probeEcho(ProbeEcho(sequence: sequence(it.sequence)))
        case .challenge(let it): .challenge(walk(it))
        case .challengeResponse(let it): .challengeResponse(walk(it))
        case .install(let it): .install(walk(it))
        case .fetchViews(let it): .fetchViews(FetchViews(after: view(it.after)))
        case .views(let it):
            .views(ViewChainPart(certificates: list(it.certificates) { walker, it in walker.walk(it) }))
        case .operation(let it):
            .operation(ReplicaOperation(request: walk(it.request), signature: signature(it.signature)))
        }
    }

    // MARK: One small change

    mutating func mutated(_ message: PeerMessage) -> PeerMessage? {
        guard let lie = mutated(message, { walker, message in walker.walk(message) }) else { return nil }
        return isSignatureSpoiled ? lie : signed(lie)
    }

    mutating func mutated(_ reply: Reply) -> Reply? { mutated(reply) { walker, reply in walker.walk(reply) } }
    mutating func mutated(_ reply: ReadReply) -> ReadReply? { mutated(reply) { walker, reply in walker.walk(reply) } }
    mutating func mutated(_ refusal: Refusal) -> Refusal? { mutated(refusal) { walker, it in walker.walk(it) } }

    /// The message with one small change, named by `done`; nil where none came about.
    private mutating func mutated<Message: Equatable>(
        _ message: Message, _ walk: (inout FieldWalker, Message) -> Message
    ) -> Message? {
        begin(.count)
        _ = walk(&self, message)
        // Lists and optionals are few beside the values in them.
        let isStructure = structures > 0 && (values == 0 || random.chance(permille: 350))
        guard isStructure || values > 0 else { return nil }
        begin(isStructure ? .alterStructure(random.below(structures)) : .alterValue(random.below(values)))
        let lie = walk(&self, message)
        return done == nil || lie == message ? nil : lie
    }

    /// Under its own signature, where the message has one.
    private func signed(_ message: PeerMessage) -> PeerMessage {
        switch message {
        case .sync(let sync): sealer.seal(.sync(Sync(epoch: sync.epoch, collected: sync.collected)))
        // It was signed where it was changed.
        case .stopData: message
        default: sealer.seal(message)
        }
    }
}
