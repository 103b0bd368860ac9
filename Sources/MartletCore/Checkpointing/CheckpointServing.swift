// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Something of a checkpoint to be sent to a member that asked for it; the driver, which has the bytes, answers with
/// `Event.served`.
package struct CheckpointService: Hashable, Sendable {
    /// The driver sends no more chunks when it has sent so many bytes; one it sends in any case.
    package static let bytesMax = 1 << 20

    package let receiver: ReplicaID
    package let checkpoint: CheckpointName
    /// Nil asks for the manifest.
    package let positions: [UInt32]?

    package init(receiver: ReplicaID, checkpoint: CheckpointName, positions: [UInt32]?) {
        self.receiver = receiver
        self.checkpoint = checkpoint
        self.positions = positions
    }
}

/// What the driver could do of it.
package struct CheckpointServed: Hashable, Sendable {
    package let service: CheckpointService
    /// So many of the positions, the first ones, were dealt with.
    package let count: Int
    package let bytes: Int
    /// False when this replica does not have that checkpoint.
    package let isHeld: Bool
    /// How long all of that checkpoint is.
    package let stateBytes: Int

    package init(service: CheckpointService, count: Int, bytes: Int, isHeld: Bool, stateBytes: Int = 0) {
        self.stateBytes = stateBytes
        self.service = service
        self.count = count
        self.bytes = bytes
        self.isHeld = isHeld
    }
}

/// What members want of checkpoints, one standing request of each, and at what pace they get it: a state is large, the question
/// is small, and whoever orders must not wait behind whoever fetches (protocol §7, §9). What cannot be served at once waits its
/// turn; the members take turns.
package struct CheckpointServing: Sendable {
    /// 100 MB a second to one member, 200 MB to all together.
    package static let nanosecondsPerByte: UInt64 = 10
    package static let nanosecondsPerByteOfAll: UInt64 = 5
    /// So many chunks wait for one member at most; it asks again for what it does not get.
    package static let waitingMax = 2 * FetchChunks.positionsMax

    private struct Standing: Sendable {
        let checkpoint: CheckpointName
        var wantsManifest = false
        var positions: [UInt32] = []

        var isEmpty: Bool { !wantsManifest && positions.isEmpty }
    }

    private var standing: ReplicaTable<Standing?>
    private var isUnderWay: ReplicaTable<Bool>
    private var pace: ServingPace
    private var paceOfAll: ServingPace
    private var turn = 0

    package init(n: Int) {
        standing = ReplicaTable(repeating: nil, count: n)
        isUnderWay = ReplicaTable(repeating: false, count: n)
        pace = ServingPace(n: n, nanosecondsPerByte: Self.nanosecondsPerByte)
        paceOfAll = ServingPace(n: 1, nanosecondsPerByte: Self.nanosecondsPerByteOfAll)
    }

    package mutating func follow(_ move: PeerMove) {
        standing.follow(move, fresh: nil)
        isUnderWay.follow(move, fresh: false)
        pace.follow(move)
        turn = 0
    }

    /// The most that waits for one member.
    package var mostWaiting: Int { standing.all.map { $0?.positions.count ?? 0 }.max() ?? 0 }

    package mutating func wantManifest(of checkpoint: CheckpointName, for member: ReplicaIndex) {
        keep(checkpoint, for: member)
        standing[member]?.wantsManifest = true
    }

    package mutating func want(_ positions: [UInt32], of checkpoint: CheckpointName, for member: ReplicaIndex) {
        keep(checkpoint, for: member)
        let waiting = Set(standing[member]?.positions ?? [])
        let room = Self.waitingMax - waiting.count
        standing[member]?.positions += positions.filter { !waiting.contains($0) }.prefix(room)
    }

    /// Of one checkpoint at a time.
    private mutating func keep(_ checkpoint: CheckpointName, for member: ReplicaIndex) {
        if standing[member]?.checkpoint != checkpoint { standing[member] = Standing(checkpoint: checkpoint) }
    }

    /// Whose turn it is now, if anybody's.
    package mutating func next(at now: Instant) -> (member: ReplicaIndex, checkpoint: CheckpointName, [UInt32]?)? {
        guard paceOfAll.allows(ReplicaIndex(0), at: now) else { return nil }
        for step in 0..<standing.count {
            let member = ReplicaIndex((turn + step) % standing.count)
            guard let wanted = standing[member], !wanted.isEmpty, !isUnderWay[member], pace.allows(member, at: now)
            else { continue }
            turn = member.position + 1
            isUnderWay[member] = true
            return (member, wanted.checkpoint, wanted.wantsManifest ? nil : wanted.positions)
        }
        return nil
    }

    package mutating func onServed(_ served: CheckpointServed, to member: ReplicaIndex, at now: Instant) {
        isUnderWay[member] = false
        // A question that was wrong costs something, too.
        let cost = served.bytes + 1_024
        pace.note(cost, to: member, at: now)
        paceOfAll.note(cost, to: ReplicaIndex(0), at: now)
        guard standing[member]?.checkpoint == served.service.checkpoint else { return }
        guard served.isHeld else {
            standing[member] = nil
            return
        }
        if let positions = served.service.positions {
            let done = Set(positions.prefix(served.count))
            standing[member]?.positions.removeAll { done.contains($0) }
        } else {
            standing[member]?.wantsManifest = false
        }
    }

    /// When somebody's turn comes by time alone.
    package var deadline: Instant? {
        var earliest: Instant?
        for position in standing.indices {
            let member = ReplicaIndex(position)
            guard let wanted = standing[member], !wanted.isEmpty, !isUnderWay[member] else { continue }
            earliest = min(earliest ?? .distantFuture, pace.due(member))
        }
        return earliest.map { max($0, paceOfAll.due(ReplicaIndex(0))) }
    }
}
