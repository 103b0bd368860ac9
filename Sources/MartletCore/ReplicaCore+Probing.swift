// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Probes: what this replica measures the leader by (protocol §9), and what others measure it by.
extension ReplicaCore {
    /// While nothing is ordered there is nothing to measure: an idle group stays idle.
    var isProbing: Bool { watch.waiting != nil || pool.count > 0 || hasOrderedSinceProbe }

    mutating func probeIfDue(into effects: inout Effects) {
        guard mode == .voter, view.n > 1, isProbing, lastProbe + configuration.timeouts.probe <= now.monotonic else {
            return
        }
        lastProbe = now.monotonic
        guard !isLeader, isSynced, isJudgingLeader else {
            watch.restart()
            hasOrderedSinceProbe = false
            return
        }
        if let verdict = watch.judge(leader, at: now.monotonic) {
            effects.notices.append(.leaderTooSlow(view[leader].id, took: verdict.took, allowed: verdict.allowed))
            // Where a client's request was lacking, strict mode is the remedy.
            endRegencyOfLiar(verdict.isExcused ? .requestMissing : .slowLeader, into: &effects)
            return
        }
        if watch.waiting == nil { hasOrderedSinceProbe = false }
        effects.sends.append(Send(.probe(watch.waiting ?? watch.begin(at: now.monotonic)), to: .others))
    }

    /// One of each member at a time, and at most twice as often as correct ones probe, since clocks and links vary: a
    /// liar's are not worth more.
    mutating func onProbe(_ probe: Probe, from member: ReplicaIndex, into effects: inout Effects) {
        if let before = probed[member], now.monotonic.since(before) < configuration.timeouts.probe / 2 { return }
        probed[member] = now.monotonic
        send(.probeEcho(ProbeEcho(sequence: probe.sequence)), to: member, into: &effects)
        if isLeader { probesToOrder[member] = probe.sequence }
    }

    mutating func onProbeEcho(_ echo: ProbeEcho, from member: ReplicaIndex) {
        watch.noteEcho(echo, from: member, at: now.monotonic)
    }

    var hasProbesToOrder: Bool { probesToOrder.all.contains { $0 != nil } }

    /// The probes that wait, as a batch lists them beside its requests: they take nobody's place.
    mutating func takeProbes() -> [BatchEntry] {
        var entries: [BatchEntry] = []
        for position in probesToOrder.indices {
            let member = ReplicaIndex(position)
            guard let sequence = probesToOrder[member] else { continue }
            entries.append(.probe(sequence, of: view[member].key))
            probesToOrder[member] = nil
        }
        return entries
    }

    mutating func noteOrderedProbe(_ id: RequestID) {
        guard id.session == .ofProbes, id.client.key == own.key else { return }
        watch.noteOrdered(id.sequence, under: leader, at: now.monotonic)
    }
}
