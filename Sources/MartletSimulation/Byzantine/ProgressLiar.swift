// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Says that it stands elsewhere, to each another thing: far ahead, far behind, in other regencies; asks for help and
/// for everything all the time, and votes for instances that are not due.
struct ProgressLiar: Misbehaviour {
    let kind = LiarKind.progressLiar
    private static let burst = 4

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for place in outgoing.indices {
            guard case .progress(let progress) = outgoing[place].message, context.random.chance(permille: 700) else {
                continue
            }
            outgoing[place].message = .progress(lie(progress, &context))
            context.acted(.named("progress: false"))
        }
        guard context.random.chance(permille: 60) else { return }
        for receiver in context.someOthers() {
            for _ in 0..<Self.burst {
                let (message, name) = unasked(&context)
                outgoing.append(Outgoing(message, to: receiver))
                context.acted(.named(name))
            }
        }
    }

    private func lie(_ progress: Progress, _ context: inout LiarContext) -> Progress {
        let decided: Instance
        switch context.random.below(4) {
        case 0: decided = .zero
        case 1: decided = progress.decided - context.random.number(in: 1...8)
        case 2: decided = progress.decided + context.random.number(in: 1...40)
        default: decided = Instance(1 << 40)
        }
        let regency =
            context.random.chance(permille: 300) ? far(progress.epoch.regency, &context) : progress.epoch.regency
        return Progress(
            epoch: Epoch(view: progress.epoch.view, regency: regency),
            isSynced: context.random.chance(permille: 500),
            mode: context.random.chance(permille: 800) ? .voter : .learner, decided: decided,
            stableCheckpoint: context.random.chance(permille: 500) ? decided : .zero,
            asksForHelp: context.random.chance(permille: 700))
    }

    private func far(_ regency: Regency, _ context: inout LiarContext) -> Regency {
        context.random.pick([.first, regency.next, Regency(regency.rawValue + 7), Regency(1 << 50)])
    }

    /// What nobody needs it to say.
    private func unasked(_ context: inout LiarContext) -> (PeerMessage, String) {
        let ahead = context.decided + context.random.number(in: 1...(2 * context.view.settings.window))
        let digest = context.junkDigest()
        switch context.random.below(8) {
        case 0: return (.fetchDecisions(FetchDecisions(first: Instance(1))), "asks: all decisions")
        case 1: return (.fetchDecisions(FetchDecisions(first: Instance(1 << 60))), "asks: decisions far ahead")
        case 2: return (.fetchCheckpoint(FetchCheckpoint(instance: .zero)), "asks: checkpoint")
        case 3: return (.fetchBatch(FetchBatch(instance: ahead, digest: digest)), "asks: unknown batch")
        case 4:
            let stop = Stop(
                view: context.view.number, regency: far(context.epoch.regency, &context), reason: .requestMissing)
            return (.stop(stop), "STOP: without a reason")
        case 5:
            return (.write(WriteVote(epoch: context.epoch, instance: ahead, digest: digest)), "votes: WRITE ahead")
        case 6:
            let epoch = Epoch(view: context.view.number, regency: context.epoch.regency.next)
            return (
                context.seal(.accept(AcceptVote(epoch: epoch, instance: ahead, digest: digest))),
                "votes: ACCEPT of the next regency"
            )
        default:
            let progress = Progress(
                epoch: context.epoch, isSynced: true, mode: .voter, decided: .zero, stableCheckpoint: .zero,
                asksForHelp: true)
            return (.progress(progress), "asks: help with everything")
        }
    }
}
