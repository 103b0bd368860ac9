// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Going over to a newer checkpoint.
extension StateTransfer {
    private static let slowMovesMax = 10

    /// What a source has instead.
    struct Newer {
        let certificate: CheckpointCertificate
        let source: ReplicaIndex
        let delays: Int
        let misses: Int

        func comes(before other: Newer) -> Bool {
            (delays, misses, other.certificate.instance) < (other.delays, other.misses, certificate.instance)
        }
    }

    mutating func noteNewer(_ offer: CheckpointCertificate, of member: ReplicaIndex) {
        let offered = Newer(
            certificate: offer, source: member, delays: sources[member].delays, misses: sources[member].misses)
        if newer.map({ offered.comes(before: $0) }) ?? true { newer = offered }
    }

    /// Goes over to a newer checkpoint when no source has this one any more, when those that have it do not answer, or when they may all
    /// be liars and it gets on too slowly. What is there of both is not fetched again. Returns whether it has.
    package mutating func moveOn(at now: Instant, patience: Interval) -> Bool {
        guard let newer else { return false }
        if !members(where: { $0.standing == .willing }).isEmpty {
            guard isLeftAlone || isHeldUp(at: now, patience: patience) else { return false }
            for position in sources.indices where sources[ReplicaIndex(position)].isBusy {
                sources[ReplicaIndex(position)].noteDelay()
            }
        }
        // Whoever offered what it has no more comes after the others, too: a liar may always know of the newest one first.
        sources[first].noteDelay()
        carried = board ?? carried
        board = nil
        certificate = newer.certificate
        // Perhaps nobody else has it any more.
        first = newer.source
        self.newer = nil
        phase = .manifest
        for position in sources.indices { sources[ReplicaIndex(position)].beginAnew() }
        mark = (now, 0)
        return true
    }

    /// A correct one says that it has this checkpoint no more, and of those that do not say so none answers.
    private var isLeftAlone: Bool {
        members(where: \.isGood).isEmpty && members { $0.standing == .gone }.count >= weakCount
    }

    /// One that did not answer once may have had its reasons.
    private mutating func isHeldUp(at now: Instant, patience: Interval) -> Bool {
        // While this replica looks at what it has itself nobody is asked for anything.
        guard phase != .lookingUp, members(where: \.isGood).count < weakCount, isSlow(at: now, patience: patience)
        else { return false }
        slowMoves = min(slowMoves + 1, Self.slowMovesMax)
        return true
    }

    /// Whether at this speed it would take long: in four times the patience less than a 120th of what is missing came. Twice as long each
    /// time that a state was given up for it: a large one over a thin link is to be finished some time.
    private mutating func isSlow(at now: Instant, patience: Interval) -> Bool {
        guard now.since(mark.at) >= patience * UInt64(4 << slowMoves) else { return false }
        let held = board?.bytesHeld ?? 0
        defer { mark = (now, held) }
        guard let board else { return true }
        return (held - mark.bytesHeld) * 120 < board.manifest.bytes - held
    }
}
