// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// Lies in its STOPDATA: locks it never had or no locks, holes, other write sets, an older base or one that is not proved. So
/// that there is STOPDATA to lie in, it mostly lets the regencies end that it leads itself: after some instances it
/// proposes nothing, and asks for the next.
struct ClaimLiar: Misbehaviour {
    let kind = LiarKind.claimLiar
    /// One lie a regency, the same to whoever asks, unless it tells several.
    private var told: [Regency: PeerMessage] = [:]
    private var certificates: [DecisionCertificate] = []
    /// So many instances of each regency it leads properly; nil for all.
    private let ledProperly: Int?
    private var led: (regency: Regency, from: Instance) = (.none, .zero)
    private var asked = Regency.none

    init(_ context: inout LiarContext) {
        ledProperly = context.random.chance(permille: 750) ? context.random.below(25) : nil
    }

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        switch message {
        case .stopData(let data): keep(data.base)
        case .sync(let sync): for data in sync.collected { keep(data.base) }
        case .decisions(let decisions): keep(decisions.decisions.last?.certificate)
        default: return
        }
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        endOwnRegency(&outgoing, &context)
        for place in outgoing.indices {
            switch outgoing[place].message {
            case .stopData(let data):
                outgoing[place].message = lie(data, &context)
                context.acts += 1
            case .sync(let sync):
                // Its own part in the set that it collected.
                var collected = sync.collected
                guard let mine = collected.firstIndex(where: { $0.sender == context.sealer.replica }),
                    case .stopData(let data) = lie(collected[mine], &context)
                else { continue }
                collected[mine] = data
                outgoing[place].message = context.seal(.sync(Sync(epoch: sync.epoch, collected: collected)))
                context.acts += 1
            default: continue
            }
        }
    }

    private mutating func endOwnRegency(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        guard let ledProperly, context.leads else { return }
        if led.regency != context.epoch.regency { led = (context.epoch.regency, context.decided) }
        let last = led.from + ledProperly
        outgoing.removeAll { if case .propose(let it) = $0.message { it.batch.instance > last } else { false } }
        guard context.decided >= last, asked < context.epoch.regency else { return }
        asked = context.epoch.regency
        let stop = Stop(view: context.view.number, regency: asked.next, reason: .instanceTimeout)
        for other in context.others { outgoing.append(Outgoing(.stop(stop), to: other)) }
    }

    private mutating func lie(_ data: StopData, _ context: inout LiarContext) -> PeerMessage {
        if let told = told[data.epoch.regency], !context.random.chance(permille: 100) { return told }
        var base = data.base
        var claims = data.claims
        switch context.random.below(7) {
        case 0: claims = []
        case 1: claims = claims.map { InstanceClaim(instance: $0.instance, lock: nil, writeSet: $0.writeSet) }
        case 2: claims = claims.map { invented($0, data.epoch.regency, &context) }
        case 3: base = certificates.isEmpty ? nil : context.random.pick(certificates)
        case 4: base = overstated(base, &context)
        case 5: claims = claims.last.map { [locked($0)] } ?? []
        default: claims.append(contentsOf: addition(to: data, &context))
        }
        let message = context.seal(
            .stopData(
                // The liar before it may have named another sender; it can sign for itself only.
                StopData(
                    epoch: data.epoch, sender: context.sealer.replica, base: base, checkpoint: data.checkpoint,
                    claims: claims)))
        told[data.epoch.regency] = message
        return message
    }

    /// A lock of the last regency on something else, or a write set to match.
    private func invented(
        _ claim: InstanceClaim, _ regency: Regency, _ context: inout LiarContext
    ) -> InstanceClaim {
        let last = Regency(regency.rawValue - 1)
        let digest = claim.writeSet.first.map(\.digest) ?? claim.lock?.digest
        let lie = RegencyDigest(regency: last, digest: digest ?? context.junkDigest())
        if context.random.chance(permille: 500) {
            return InstanceClaim(
                instance: claim.instance, lock: RegencyDigest(regency: last, digest: context.junkDigest()),
                writeSet: claim.writeSet)
        }
        return InstanceClaim(instance: claim.instance, lock: lie, writeSet: [lie])
    }

    /// As if it had locked what it only wrote; below that it names nothing, and there may be a hole.
    private func locked(_ claim: InstanceClaim) -> InstanceClaim {
        let written = claim.writeSet.max { $0.regency < $1.regency }
        return InstanceClaim(instance: claim.instance, lock: written ?? claim.lock, writeSet: claim.writeSet)
    }

    /// A certificate that proves no such instance.
    private func overstated(_ base: DecisionCertificate?, _ context: inout LiarContext) -> DecisionCertificate? {
        guard let base else { return nil }
        return DecisionCertificate(
            epoch: base.epoch, instance: base.instance + context.random.number(in: 1...999), digest: base.digest,
            shares: base.shares)
    }

    private func addition(to data: StopData, _ context: inout LiarContext) -> [InstanceClaim] {
        let above = max(data.claims.last?.instance ?? .zero, data.provenBase)
        let lie = RegencyDigest(regency: Regency(data.epoch.regency.rawValue - 1), digest: context.junkDigest())
        return [InstanceClaim(instance: above + context.random.number(in: 1...3), lock: lie, writeSet: [lie])]
    }

    private mutating func keep(_ certificate: DecisionCertificate?) {
        guard let certificate else { return }
        certificates.append(certificate)
        if certificates.count > 32 { certificates.removeFirst() }
    }
}
