// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// States and decisions seen so far, and what can be made of them.
struct TransferLies {
    typealias Lie = (PeerMessage?, String)

    private static let keptMax = 8
    private var states: [CheckpointState] = []
    private var decisions: [Decisions] = []

    mutating func keep(_ message: PeerMessage) {
        switch message {
        case .checkpointState(let state) where states.last != state:
            states.append(state)
            if states.count > Self.keptMax { states.removeFirst() }
        case .decisions(let some):
            decisions.append(some)
            if decisions.count > Self.keptMax { decisions.removeFirst() }
        default: return
        }
    }

    func unasked(_ context: inout LiarContext) -> PeerMessage? {
        if !states.isEmpty, context.random.chance(permille: 300) {
            return .checkpointState(context.random.pick(states))
        }
        return decisions.isEmpty ? nil : .decisions(context.random.pick(decisions))
    }

    // MARK: States

    func lie(_ state: CheckpointState, _ context: inout LiarContext) -> Lie {
        let (certificate, contents) = (state.certificate, state.contents)
        let told = { (contents: CheckpointContents) -> PeerMessage in
            .checkpointState(CheckpointState(certificate: certificate, contents: contents))
        }
        switch context.random.below(7) {
        case 0:
            var chunks = contents.chunks
            let place = context.random.below(chunks.count)
            chunks[place][context.random.below(chunks[place].count)] ^= 0x40
            return (
                told(CheckpointContents(imageChunks: contents.imageChunks, chunks: chunks)), "state: a byte changed"
            )
        case 1:
            let chunks = Array(contents.chunks.prefix(max(1, contents.chunks.count / 2)))
            let imageChunks = min(contents.imageChunks, chunks.count)
            return (told(CheckpointContents(imageChunks: imageChunks, chunks: chunks)), "state: cut in half")
        case 2: return (told(CheckpointContents(imageChunks: 1, chunks: [[0]])), "state: empty")
        case 3: return (.checkpointState(states.first ?? state), "state: stale")
        case 4:
            return (told(states.first?.contents ?? contents), "state: stale bytes under the new certificate")
        case 5:
            let raised = CheckpointCertificate(
                view: certificate.view, instance: certificate.instance + context.view.settings.checkpointPeriod,
                digest: certificate.digest, shares: certificate.shares)
            return (
                .checkpointState(CheckpointState(certificate: raised, contents: contents)), "state: another instance"
            )
        default: return (nil, "state: none")
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
