// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Handing out this replica's checkpoints (protocol §7). The bytes are the driver's; the core says whom to serve when.
extension ReplicaCore {
    mutating func onFetchCheckpoint(_ fetch: FetchCheckpoint, from member: ReplicaIndex, into effects: inout Effects) {
        guard checkpoints.stableInstance >= fetch.instance else { return }
        offerCheckpoint(from: fetch.instance, to: member, into: &effects)
    }

    /// The newest, or, where so many are kept that it would soon be gone, the newest of those that are. To each member now and then only:
    /// whoever lost an answer asks again after twice as long, another member first.
    mutating func offerCheckpoint(from instance: Instance, to member: ReplicaIndex, into effects: inout Effects) {
        let time = now.monotonic
        guard member != me, let stable = checkpoints.stable,
            time.hasPassed(configuration.timeouts.fetch / 2, since: offered[member])
        else { return }
        offered[member] = time
        var offer = stable
        // Where links are long the next one is stable before it can be asked for.
        if leases.renew(stable.name, for: member, at: time) {
            leases.note(stable: stable)
        } else if let kept = leases.newest(from: instance), leases.renew(kept.name, for: member, at: time) {
            offer = kept
        }
        send(.checkpointOffer(offer), to: member, into: &effects)
    }

    mutating func onFetchManifest(_ name: CheckpointName, from member: ReplicaIndex, into effects: inout Effects) {
        guard member != me else { return }
        guard keep(name, for: member) else {
            return offerCheckpoint(from: name.instance.next, to: member, into: &effects)
        }
        decisionsAwaited[member] = nil
        checkpointServing.wantManifest(of: name, for: member)
    }

    mutating func onFetchChunks(_ fetch: FetchChunks, from member: ReplicaIndex, into effects: inout Effects) {
        guard member != me else { return }
        let name = fetch.checkpoint
        // It has that one already, and can take nothing at the moment.
        if fetch.positions.isEmpty, leases.keep(after: name, for: member, at: now.monotonic) { return }
        guard keep(name, for: member) else {
            return offerCheckpoint(from: name.instance.next, to: member, into: &effects)
        }
        // An answer to what it asked for before could be the offer of another one, and would end this one's lease.
        if !fetch.positions.isEmpty { decisionsAwaited[member] = nil }
        checkpointServing.want(fetch.positions, of: name, for: member)
    }

    /// For a while longer, if it is here at all. Whoever gets no lease is served as long as it is.
    private mutating func keep(_ name: CheckpointName, for member: ReplicaIndex) -> Bool {
        guard holds(name) else { return false }
        leases.renew(name, for: member, at: now.monotonic)
        if let stable = checkpoints.stable, stable.name == name { leases.note(stable: stable) }
        return true
    }

    /// As far as the core knows: the driver may not have encoded it yet.
    private func holds(_ name: CheckpointName) -> Bool {
        if checkpoints.stable?.name == name || leases.holds(name) { return true }
        return checkpoints.own.map { CheckpointName(instance: $0.instance, digest: $0.digest) == name } ?? false
    }

    mutating func serveCheckpoints(into effects: inout Effects) {
        while let (member, checkpoint, positions) = checkpointServing.next(at: now.monotonic) {
            effects.serves.append(
                CheckpointService(receiver: peers[member].id, checkpoint: checkpoint, positions: positions))
        }
    }

    mutating func onServed(_ served: CheckpointServed, into effects: inout Effects) {
        guard let member = peers.index(of: served.service.receiver) else { return }
        checkpointServing.onServed(served, to: member, at: now.monotonic)
        if served.isHeld {
            leases.note(stateBytes: served.stateBytes)
        } else {
            offerCheckpoint(from: served.service.checkpoint.instance.next, to: member, into: &effects)
        }
    }
}
