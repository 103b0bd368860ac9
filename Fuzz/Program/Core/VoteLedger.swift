// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// What a replica said by its votes, held against the **Safety** rules on them, which bind it whatever all the others
/// say (docs/PROTOCOL.md: once, in order, promise).
struct VoteLedger {
    private struct Place: Hashable {
        let epoch: Epoch
        let instance: Instance
    }

    private var writes: [Place: Digest] = [:]
    private var accepts: [Place: Digest] = [:]
    /// The highest epoch whose STOPDATA it made.
    private var promised = Epoch(view: .genesis, regency: .first)

    /// Takes what one step sent. `before` and `after` are how the core stood.
    mutating func take(_ sends: [Send], before: CoreStatus, after: CoreStatus) {
        hold(after.epoch >= before.epoch && after.decided >= before.decided, "it went back")
        for send in sends {
            switch send.message {
            case .write(let vote):
                check(vote.epoch, vote.instance, vote.digest, in: \.writes, before, after)
            case .accept(let vote):
                check(vote.epoch, vote.instance, vote.digest, in: \.accepts, before, after)
            case .stopData(let data): promised = max(promised, data.epoch)
            default: break
            }
        }
    }

    /// Whether this very vote was sent before: votes are repeated for those who lack them.
    func holds(_ message: PeerMessage) -> Bool {
        switch message {
        case .write(let vote): writes[Place(epoch: vote.epoch, instance: vote.instance)] != nil
        case .accept(let vote): accepts[Place(epoch: vote.epoch, instance: vote.instance)] != nil
        default: false
        }
    }

    private mutating func check(
        _ epoch: Epoch, _ instance: Instance, _ digest: Digest, in kind: WritableKeyPath<Self, [Place: Digest]>,
        _ before: CoreStatus, _ after: CoreStatus
    ) {
        hold(after.mode == .voter, "a learner votes")
        hold(epoch >= promised, "a vote of a regency that its STOPDATA ended")
        hold(epoch >= before.epoch, "a vote of an older epoch")
        hold(epoch < after.epoch || after.isSynced, "a vote before SYNC")
        let place = Place(epoch: epoch, instance: instance)
        if let earlier = self[keyPath: kind][place] {
            hold(earlier == digest, "two votes in one epoch and instance")
            return
        }
        let previous = Place(epoch: epoch, instance: instance.previous)
        hold(
            instance.previous <= after.decided || self[keyPath: kind][previous] != nil, "a vote out of order")
        self[keyPath: kind][place] = digest
    }
}
