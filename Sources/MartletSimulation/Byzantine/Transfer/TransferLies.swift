// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Checkpoints and decisions seen so far, and what can be made of them.
struct TransferLies {
    typealias Lie = (PeerMessage?, String)

    private static let keptMax = 8
    private var offers: [CheckpointCertificate] = []
    private var manifests: [NamedManifest] = []
    private var chunks: [CheckpointChunk] = []
    private var decisions: [Decisions] = []

    mutating func keep(_ message: PeerMessage) {
        switch message {
        case .checkpointOffer(let offer) where offers.last != offer: Self.keep(offer, in: &offers)
        case .manifest(let named) where manifests.last != named: Self.keep(named, in: &manifests)
        case .chunk(let chunk): Self.keep(chunk, in: &chunks)
        case .decisions(let some): Self.keep(some, in: &decisions)
        default: return
        }
    }

    private static func keep<Message>(_ message: Message, in kept: inout [Message]) {
        kept.append(message)
        if kept.count > keptMax { kept.removeFirst() }
    }

    func unasked(_ context: inout LiarContext) -> PeerMessage? {
        switch context.random.below(5) {
        case 0 where !offers.isEmpty: .checkpointOffer(context.random.pick(offers))
        case 1 where !manifests.isEmpty: .manifest(context.random.pick(manifests))
        case 2 where !chunks.isEmpty: .chunk(context.random.pick(chunks))
        case 3 where !manifests.isEmpty: question(context.random.pick(manifests).checkpoint, &context)
        default: decisions.isEmpty ? nil : .decisions(context.random.pick(decisions))
        }
    }

    /// For what it does not need, again and again, and for what there is not.
    private func question(_ checkpoint: CheckpointName, _ context: inout LiarContext) -> PeerMessage {
        guard context.random.chance(permille: 700) else { return .fetchManifest(checkpoint) }
        let first = context.random.number(in: 0...40)
        return .fetchChunks(
            FetchChunks(checkpoint: checkpoint, positions: (0..<64).map { UInt32(first) + $0 * 3 }))
    }

    /// The oldest state that it has seen an offer of lately, and nothing of it.
    func holding() -> PeerMessage? {
        offers.first.map { .fetchChunks(FetchChunks(checkpoint: $0.name, positions: [])) }
    }

    /// The first that it has sent of that state lately.
    func same(as chunk: CheckpointChunk) -> PeerMessage? {
        chunks.first { $0.checkpoint == chunk.checkpoint }.map { .chunk($0) }
    }

    // MARK: States

    func lie(_ offer: CheckpointCertificate, _ context: inout LiarContext) -> Lie {
        let period = context.view.settings.checkpointPeriod
        switch context.random.below(4) {
        case 0: return (.checkpointOffer(offers.first ?? offer), "offer: stale")
        case 1:
            let raised = CheckpointCertificate(
                view: offer.view, instance: offer.instance + period, digest: offer.digest, shares: offer.shares)
            return (.checkpointOffer(raised), "offer: another instance")
        case 2:
            let light = CheckpointCertificate(
                view: offer.view, instance: offer.instance, digest: offer.digest,
                shares: Array(offer.shares.prefix(1)))
            return (.checkpointOffer(light), "offer: of one signer")
        default: return (nil, "offer: none")
        }
    }

    func lie(_ named: NamedManifest, _ context: inout LiarContext) -> Lie {
        let manifest = named.manifest
        let told = { (manifest: CheckpointManifest) -> PeerMessage in
            .manifest(NamedManifest(checkpoint: named.checkpoint, manifest: manifest))
        }
        switch context.random.below(5) {
        case 0:
            var digests = manifest.digests
            digests[context.random.below(digests.count)] = context.junkDigest()
            return (
                told(CheckpointManifest(imageChunks: manifest.imageChunks, bytes: manifest.bytes, digests: digests)),
                "manifest: a digest changed"
            )
        case 1:
            let half = Array(manifest.digests.prefix(max(1, manifest.digests.count / 2)))
            return (
                told(
                    CheckpointManifest(
                        imageChunks: min(manifest.imageChunks, half.count), bytes: manifest.bytes, digests: half)),
                "manifest: cut in half"
            )
        case 2:
            return (
                told(
                    CheckpointManifest(
                        imageChunks: manifest.digests.count, bytes: manifest.bytes + 1, digests: manifest.digests)),
                "manifest: other counts"
            )
        case 3: return (manifests.first.map { .manifest($0) }, "manifest: stale")
        default: return (nil, "manifest: none")
        }
    }

    func lie(_ chunk: CheckpointChunk, _ context: inout LiarContext) -> Lie {
        let told = { (position: UInt32, bytes: Bytes) -> PeerMessage in
            .chunk(CheckpointChunk(checkpoint: chunk.checkpoint, position: position, bytes: bytes))
        }
        switch context.random.below(5) {
        case 0:
            var bytes = chunk.bytes
            bytes[context.random.below(bytes.count)] ^= 0x40
            return (told(chunk.position, bytes), "chunk: a byte changed")
        case 1: return (told(chunk.position + 1, chunk.bytes), "chunk: another place")
        case 2: return (told(chunk.position, chunk.bytes + [0]), "chunk: a byte more")
        case 3: return (chunks.first.map { .chunk($0) }, "chunk: stale")
        default: return (nil, "chunk: none")
        }
    }

    // MARK: Decisions

    func lie(_ some: [Decision], _ context: inout LiarContext) -> Lie {
        var told = some
        switch context.random.below(8) {
        case 0:
            told = some.map { decision in
                let absent = BatchBody(batch: decision.body.batch, bodies: decision.body.bodies.map { _ in nil })
                return Decision(body: absent, certificate: decision.certificate)
            }
            return (.decisions(Decisions(decisions: told)), "decisions: without bodies")
        case 1:
            return (.decisions(Decisions(decisions: some.reversed())), "decisions: backwards")
        case 2:
            if told.count > 2 { told.remove(at: 1) }
            return (.decisions(Decisions(decisions: told)), "decisions: with a gap")
        case 3: return (.decisions(decisions.first ?? Decisions(decisions: some)), "decisions: stale")
        case 4:
            return (.decisions(Decisions(decisions: Array(some.prefix(1)))), "decisions: one only")
        case 5:
            told = exchanged(some)
            return (.decisions(Decisions(decisions: told)), "decisions: another's certificate")
        case 6:
            told = some.map { thinned($0, &context) }
            return (.decisions(Decisions(decisions: told)), "decisions: one signer twice for two")
        default: return (nil, "decisions: none")
        }
    }

    private func exchanged(_ some: [Decision]) -> [Decision] {
        var told: [Decision] = []
        for place in some.indices {
            let next = some[(place + 1) % some.count].certificate
            let own = some[place].certificate
            let mixed = DecisionCertificate(
                epoch: own.epoch, instance: own.instance, digest: own.digest, shares: next.shares)
            told.append(Decision(body: some[place].body, certificate: mixed))
        }
        return told
    }

    /// As many shares as before, but one of them stands in for another.
    private func thinned(_ decision: Decision, _ context: inout LiarContext) -> Decision {
        var shares = decision.certificate.shares
        if shares.count > 1 { shares[0] = shares[shares.count - 1] }
        let own = decision.certificate
        return Decision(
            body: decision.body,
            certificate: DecisionCertificate(
                epoch: own.epoch, instance: own.instance, digest: own.digest, shares: shares))
    }

    // MARK: Batches

    func lie(_ body: BatchBody, _ context: inout LiarContext) -> Lie {
        switch context.random.below(3) {
        case 0:
            let absent = BatchBody(batch: body.batch, bodies: body.bodies.map { _ in nil })
            return (.batchBody(absent), "batch: without bodies")
        case 1:
            let other = BatchBody(batch: body.batch, bodies: body.bodies.reversed())
            return (.batchBody(other), "batch: bodies in another order")
        default: return (nil, "batch: none")
        }
    }
}
