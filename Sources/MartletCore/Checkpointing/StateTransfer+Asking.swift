// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What is asked of whom, and when.
extension StateTransfer {
    /// Under way from one source at most, by the average length of a chunk; one at least.
    static let bytesUnderWay = 8 << 20

    /// What to ask of whom now. `patience` is how long a source may take for its first answer.
    package mutating func requests(at now: Instant, patience: Interval) -> [Request] {
        passOver(at: now, patience: patience)
        switch phase {
        case .manifest: return manifestRequest(at: now)
        case .lookingUp: return []
        case .chunks: return chunkRequests(at: now, patience: patience)
        }
    }

    private mutating func passOver(at now: Instant, patience: Interval) {
        for position in sources.indices {
            let member = ReplicaIndex(position)
            if let board { sources[member].forget { board.holds($0) } }
            guard sources[member].isOverdue(at: now, patience: patience) else { continue }
            giveBack(sources[member].passOver(at: now, patience: patience))
        }
    }

    /// From one at a time: it may be long.
    private mutating func manifestRequest(at now: Instant) -> [Request] {
        guard !sources.all.contains(where: \.isAskedForManifest), let source = idle(at: now).first else { return [] }
        sources[source].askForManifest(at: now)
        return [Request(source: source, positions: nil)]
    }

    private mutating func chunkRequests(at now: Instant, patience: Interval) -> [Request] {
        guard var board, board.missing > 0 else { return [] }
        self.board = nil
        defer { self.board = board }
        var requests: [Request] = []
        // A small state is shared, too.
        let share = (board.missing + sourcesMax - 1) / sourcesMax
        let underWayMax = min(share, chunksUnderWayMax(board.manifest))
        func ask(_ member: ReplicaIndex, _ positions: [UInt32]) {
            guard !positions.isEmpty else { return }
            sources[member].ask(positions, at: now)
            requests.append(Request(source: member, positions: positions))
        }
        var busy = 0
        for position in sources.indices {
            let member = ReplicaIndex(position)
            guard sources[member].isBusy else { continue }
            busy += 1
            let underWay = sources[member].asked.count
            // Asked in time, so that it is never without work.
            if underWay <= underWayMax / 2 { ask(member, board.nextToAsk(underWayMax - underWay)) }
        }
        guard busy < sourcesMax else { return requests }
        for member in idle(at: now).prefix(sourcesMax - busy) {
            let next = board.nextToAsk(underWayMax)
            ask(member, next.isEmpty ? lateOnes(underWayMax, at: now, patience: patience) : next)
        }
        return requests
    }

    /// All others are asked for, or there: what those that were asked a while ago all still owe is asked of one more.
    private func lateOnes(_ count: Int, at now: Instant, patience: Interval) -> [UInt32] {
        var late: [UInt32] = []
        var others = Set<UInt32>()
        for source in sources.all where source.isBusy {
            if now.since(source.askedAt) >= patience { late += source.asked } else { others.formUnion(source.asked) }
        }
        var once: [UInt32] = []
        for position in late.sorted() where once.last != position && !others.contains(position) {
            once.append(position)
        }
        return Array(once.prefix(count))
    }

    private func chunksUnderWayMax(_ manifest: CheckpointManifest) -> Int {
        let average = max(1, manifest.bytes / manifest.digests.count)
        return min(FetchChunks.positionsMax, max(1, Self.bytesUnderWay / average))
    }

    /// One more than may lie, and one again, so that a slow correct one does not stand alone.
    private var sourcesMax: Int { faultsMax + 2 }

    package struct Keeping: Hashable, Sendable {
        package let member: ReplicaIndex
        package let checkpoint: CheckpointName
    }

    /// Who is to be told that this checkpoint, and the decisions after it, are wanted for a while longer: as many as are asked at
    /// once, those asked for nothing else lately. Those that have only the next one are to keep that: it would be gone, too, when this
    /// one is given up.
    package mutating func toKeep(at now: Instant, every period: Interval) -> [Keeping] {
        let next = newer?.certificate.name
        let willing = byMisses { $0.standing == .willing }.prefix(sourcesMax)
        let others = byMisses { $0.standing == .gone && next != nil && $0.offered == next }
        var told: [Keeping] = []
        for member in willing + others where now.hasPassed(period, since: sources[member].keepsSince) {
            sources[member].askToKeep(at: now)
            told.append(Keeping(member: member, checkpoint: sources[member].offered ?? name))
        }
        return told
    }

    /// Whom nobody waits for, those first that failed least, from the one on that offered this checkpoint.
    private func idle(at now: Instant) -> [ReplicaIndex] {
        byMisses { $0.mayBeAsked(at: now) }
    }

    private func byMisses(where isMeant: (TransferSource) -> Bool) -> [ReplicaIndex] {
        var found: [ReplicaIndex] = []
        for misses in 0...TransferSource.missesMax {
            for step in 0..<sources.count {
                let member = ReplicaIndex((first.position + step) % sources.count)
                guard member != me, sources[member].misses == misses, isMeant(sources[member]) else { continue }
                found.append(member)
            }
        }
        return found
    }
}
