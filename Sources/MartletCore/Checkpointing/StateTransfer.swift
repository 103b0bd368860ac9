// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Fetching one stable checkpoint from several members at once (protocol §7): first the manifest, then the chunks that this
/// replica does not hold itself. Every chunk is held against the manifest, which the certificate's digest covers: a liar costs a
/// chunk, and one that does not answer a while. Nothing here is believed but the certificate.
package struct StateTransfer: Sendable {
    package enum Phase: Hashable, Sendable {
        case manifest
        /// The driver looks up what this replica's own store has.
        case lookingUp
        case chunks
    }

    package struct Request: Hashable, Sendable {
        package let source: ReplicaIndex
        /// Nil asks for the manifest.
        package let positions: [UInt32]?
    }

    package internal(set) var certificate: CheckpointCertificate
    package internal(set) var phase = Phase.manifest
    /// The newest, of those that let this replica wait least: a liar may always know of the newest one.
    var newer: Newer?
    private(set) var me: ReplicaIndex
    let weakCount: Int
    let faultsMax: Int
    var sources: ReplicaTable<TransferSource>
    var board: ChunkBoard?
    /// What was there of the one before, until the manifest tells which of it counts.
    var carried: ChunkBoard?
    var first: ReplicaIndex
    var begun: Instant
    var bytesFetched = 0
    var mark: (at: Instant, bytesHeld: Int)
    var slowMoves = 0

    package init(
        _ certificate: CheckpointCertificate, from source: ReplicaIndex, view: View, peers: Peers, at now: Instant
    ) {
        self.certificate = certificate
        me = peers.me
        weakCount = view.quorum.weakCount
        faultsMax = view.f
        sources = ReplicaTable(repeating: TransferSource(), count: peers.count)
        first = source
        begun = now
        mark = (now, 0)
    }

    /// The same with others to ask; nil where nobody is left who is known to have had it.
    package func following(_ move: PeerMove, me: ReplicaIndex) -> StateTransfer? {
        var next = self
        next.me = me
        for position in sources.indices where move.new(ReplicaIndex(position)) == nil {
            next.giveBack(next.sources[ReplicaIndex(position)].leave(as: .gone))
        }
        next.sources.follow(move, fresh: TransferSource())
        guard let first = move.new(first) ?? move.former.firstIndex(where: { $0 != nil }).map({ ReplicaIndex($0) })
        else {
            return nil
        }
        next.first = first
        next.newer = newer.flatMap { newer in
            move.new(newer.source).map {
                Newer(certificate: newer.certificate, source: $0, delays: newer.delays, misses: newer.misses)
            }
        }
        return next
    }

    package var name: CheckpointName { certificate.name }
    package var instance: Instance { certificate.instance }
    package var isComplete: Bool { phase == .chunks && board?.isComplete ?? false }

    /// Only when it is complete.
    package var state: CheckpointState {
        guard let board else { preconditionFailure("a state without its manifest") }
        return CheckpointState(certificate: certificate, contents: board.contents, manifest: board.manifest)
    }

    package func progress(at now: Instant) -> TransferProgress {
        TransferProgress(
            instance: instance, bytesHeld: board?.bytesHeld ?? 0, bytesTotal: board?.manifest.bytes ?? 0,
            bytesFetched: bytesFetched, elapsed: now.since(begun))
    }

    package var bytesKept: Int { (board?.bytesHeld ?? 0) + (carried?.bytesHeld ?? 0) }
    package var mostAsked: Int { sources.all.map(\.asked.count).max() ?? 0 }

    /// Whose answers count.
    package func fetched(_ peers: [Member]) -> FetchedState {
        FetchedState(
            checkpoint: name,
            manifestFrom: phase == .manifest
                ? members { $0.wasAskedForManifest && $0.standing != .liar }.map { peers[$0.position].id } : [],
            chunksFrom: members { $0.wasAskedForChunks && $0.standing != .liar }.map { peers[$0.position].id })
    }

    /// Those that may have decisions beyond this checkpoint, too: they were asked to keep them.
    package var keepers: ReplicaSet { members { $0.isKeeper } }

    func members(where isMeant: (TransferSource) -> Bool) -> ReplicaSet {
        var set = ReplicaSet()
        for position in sources.indices where position != me.position && isMeant(sources[ReplicaIndex(position)]) {
            set.insert(ReplicaIndex(position))
        }
        return set
    }

    // MARK: Answers

    /// A member says that it has that one. If it was asked for this one it does not have it, or not yet.
    package mutating func onOffer(
        _ offer: CheckpointCertificate, from member: ReplicaIndex, at now: Instant, patience: Interval
    ) {
        if offer.instance > instance {
            giveBack(sources[member].leave(for: offer.name, at: now))
            noteNewer(offer, of: member)
        } else if sources[member].isBusy {
            giveBack(sources[member].lack(until: now + patience))
        }
    }

    /// Has the digest that it names. Returns what is to be looked up at home.
    package mutating func onManifest(
        _ named: NamedManifest, from member: ReplicaIndex, at now: Instant, patience: Interval
    ) -> [WantedChunk]? {
        guard named.checkpoint == name, phase == .manifest else { return nil }
        sources[member].answered(at: now, patience: patience)
        var board = ChunkBoard(named.manifest)
        if let carried { board.takeAll(of: carried) }
        carried = nil
        self.board = board
        phase = .lookingUp
        // Others' would not be looked at any more.
        for position in sources.indices { sources[ReplicaIndex(position)].needsNoManifest() }
        return board.wanted
    }

    /// It sent another one than the checkpoint's. Returns whether that is news.
    package mutating func onWrongManifest(of checkpoint: CheckpointName, from member: ReplicaIndex) -> Bool {
        guard checkpoint == name, sources[member].standing != .liar else { return false }
        giveBack(sources[member].leave(as: .liar))
        return true
    }

    /// What this replica's own store has; the driver has hashed it again.
    package mutating func onFound(_ chunks: [FoundChunk], of checkpoint: CheckpointName, at now: Instant) {
        guard checkpoint == name, phase == .lookingUp, let manifest = board?.manifest else { return }
        for chunk in chunks where chunk.position < manifest.digests.count {
            board?.take(chunk.bytes, manifest.digests[Int(chunk.position)])
        }
        phase = .chunks
        begun = now
        bytesFetched = 0
        mark = (now, board?.bytesHeld ?? 0)
    }

    /// False when it is not what the manifest names: its sender is a liar, and not asked again.
    package mutating func onChunk(
        _ hashed: HashedChunk, from member: ReplicaIndex, at now: Instant, patience: Interval
    ) -> Bool {
        guard hashed.chunk.checkpoint == name, board != nil, sources[member].standing != .liar else { return true }
        let position = hashed.chunk.position
        // What is there already, and nobody asked for any more, is no sign of life: it costs a liar nothing.
        let isOwed = sources[member].owes(position)
        switch board?.take(hashed.chunk.bytes, hashed.digest, at: position) {
        case .wrong:
            giveBack(sources[member].leave(as: .liar))
            return false
        case .taken:
            bytesFetched += hashed.chunk.bytes.count
            sources[member].answered(at: now, patience: patience)
        case .known where isOwed: sources[member].answered(at: now, patience: patience)
        case .known: if sources[member].repeated() { giveBack(sources[member].leave(as: .liar)) }
        case nil: break
        }
        sources[member].forget { $0 == position }
        return true
    }

    mutating func giveBack(_ positions: [UInt32]) {
        if !positions.isEmpty { board?.putBack(positions) }
    }
}
