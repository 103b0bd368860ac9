// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("What liars send around the fetching of a state is not taken, and holds up nobody for long (protocol §7, §9)")
struct HostileFetchingTests {
    private let patience = Interval.milliseconds(500)
    private let name = CheckpointName(instance: Instance(8), digest: .zero)

    private func certificate(_ instance: UInt64) -> CheckpointCertificate {
        CheckpointCertificate(view: .genesis, instance: Instance(instance), digest: .zero, shares: [])
    }

    private func manifest(_ contents: CheckpointContents) -> NamedManifest {
        NamedManifest(checkpoint: name, manifest: Samples.hashed(contents, .zero).manifest)
    }

    private func chunk(_ contents: CheckpointContents, _ place: Int, at position: UInt32? = nil) -> HashedChunk {
        let bytes = contents.chunks[place]
        return HashedChunk(
            chunk: CheckpointChunk(checkpoint: name, position: position ?? UInt32(place), bytes: bytes),
            digest: Samples.digest(ofChunk: bytes))
    }

    /// In its third phase.
    private func transfer(_ contents: CheckpointContents, n: Int = 4, at now: Instant) throws -> StateTransfer {
        let view = try Samples.view(n: n, f: (n - 1) / 3)
        var transfer = StateTransfer(
            certificate(8), from: ReplicaIndex(1), view: view, peers: Samples.peers(view), at: now)
        _ = transfer.requests(at: now, patience: patience)
        _ = transfer.onManifest(manifest(contents), from: ReplicaIndex(1), at: now, patience: patience)
        transfer.onFound([], of: name, at: now)
        return transfer
    }

    @Test("A chunk at a place that there is not, or at another, is a lie; one that comes unasked is not")
    func places() throws {
        let contents = Samples.contents(chunks: 0..<20)
        let now = Instant(1_000_000_000)
        for position in [20, 21, .max] as [UInt32] {
            var transfer = try transfer(contents, at: now)
            let lie = chunk(contents, 0, at: position)
            let isRight = transfer.onChunk(lie, from: ReplicaIndex(1), at: now, patience: patience)
            #expect(!isRight)
        }
        var transfer = try transfer(contents, at: now)
        let isElsewhereRight = transfer.onChunk(
            chunk(contents, 3, at: 4), from: ReplicaIndex(2), at: now, patience: patience)
        #expect(!isElsewhereRight)
        // Twice, and from whoever.
        for member in [1, 3, 1] {
            let isRight = transfer.onChunk(
                chunk(contents, 5), from: ReplicaIndex(member), at: now, patience: patience)
            #expect(isRight)
        }
        #expect(transfer.progress(at: now).bytesHeld == contents.chunks[5].count)
        #expect(transfer.bytesKept <= contents.bytes)
    }

    @Test("A second manifest, or one of another checkpoint, changes nothing")
    func manifests() throws {
        let contents = Samples.contents(chunks: 0..<20)
        let now = Instant(1_000_000_000)
        var transfer = try transfer(contents, at: now)
        let other = manifest(Samples.contents(chunks: 50..<90))
        let again = transfer.onManifest(other, from: ReplicaIndex(2), at: now, patience: patience)
        let elsewhere = NamedManifest(
            checkpoint: CheckpointName(instance: Instance(16), digest: .zero), manifest: other.manifest)
        let strange = transfer.onManifest(elsewhere, from: ReplicaIndex(2), at: now, patience: patience)
        #expect(again == nil && strange == nil)
        #expect(transfer.progress(at: now).bytesTotal == contents.bytes)
    }

    @Test("Whoever sends the same chunk again and again has no more of them hashed")
    func repeated() throws {
        let contents = Samples.contents(chunks: 0..<20)
        let now = Instant(1_000_000_000)
        var transfer = try transfer(contents, at: now)
        let asked = transfer.requests(at: now, patience: patience)
        let liar = try #require(asked.first?.source)
        var count = 0
        let view = try Samples.view()
        while transfer.fetched(view.members).chunksFrom.contains(view[liar].id), count < 10_000 {
            _ = transfer.onChunk(chunk(contents, 5), from: liar, at: now, patience: patience)
            count += 1
        }
        #expect(count > TransferSource.repeatedMax && count <= 2 * TransferSource.repeatedMax)
        // The others give the rest.
        let next = transfer.requests(at: now, patience: patience)
        #expect(!next.contains { $0.source == liar })
    }

    /// Asks member 1 for the manifest, and then member 2, since the first one is late.
    private func lateManifest() throws -> (StateTransfer, Instant) {
        let begun = Instant(1_000_000_000)
        let view = try Samples.view(n: 4, f: 1)
        var transfer = StateTransfer(
            certificate(8), from: ReplicaIndex(1), view: view, peers: Samples.peers(view), at: begun)
        _ = transfer.requests(at: begun, patience: patience)
        let second = transfer.requests(at: begun + patience, patience: patience)
        #expect(second.map(\.source) == [ReplicaIndex(2)])
        return (transfer, begun + patience)
    }

    @Test("Whoever's manifest comes second, or is on its way, has missed nothing")
    func secondManifest() throws {
        let contents = Samples.contents(chunks: 0..<20)
        var (transfer, now) = try lateManifest()
        _ = transfer.onManifest(manifest(contents), from: ReplicaIndex(1), at: now, patience: patience)
        now = now + patience + .milliseconds(10)
        _ = transfer.requests(at: now, patience: patience)
        transfer.onFound([], of: name, at: now)
        let sources = transfer.requests(at: now, patience: patience).map(\.source)
        #expect(sources.contains(ReplicaIndex(2)))
    }

    @Test("However long this replica looks at what it has itself, no source is too slow meanwhile")
    func lookingUp() throws {
        let contents = Samples.contents(chunks: 0..<20)
        var (transfer, now) = try lateManifest()
        _ = transfer.onManifest(manifest(contents), from: ReplicaIndex(1), at: now, patience: patience)
        for member in [2, 3] {
            transfer.onOffer(certificate(16), from: ReplicaIndex(member), at: now, patience: patience)
        }
        for _ in 0..<100 {
            now = now + .milliseconds(100)
            _ = transfer.requests(at: now, patience: patience)
            let hasMoved = transfer.moveOn(at: now, patience: patience)
            #expect(!hasMoved)
        }
        transfer.onFound([], of: name, at: now)
        let sources = transfer.requests(at: now, patience: patience).map(\.source)
        #expect(sources == [ReplicaIndex(1)])
    }

    @Test("Whoever sends a manifest that is another's is asked no more, and the next member at once")
    func wrongManifest() throws {
        let view = try Samples.view(n: 4, f: 1)
        let now = Instant(1_000_000_000)
        var transfer = StateTransfer(
            certificate(8), from: ReplicaIndex(1), view: view, peers: Samples.peers(view), at: now)
        #expect(transfer.fetched(view.members).manifestFrom.isEmpty)
        let first = transfer.requests(at: now, patience: patience)
        #expect(first.map(\.source) == [ReplicaIndex(1)] && first[0].positions == nil)
        #expect(transfer.fetched(view.members).manifestFrom == [view[ReplicaIndex(1)].id])
        let other = CheckpointName(instance: Instance(16), digest: .zero)
        let isOthersNews = transfer.onWrongManifest(of: other, from: ReplicaIndex(1))
        let isNews = transfer.onWrongManifest(of: name, from: ReplicaIndex(1))
        let isNewsAgain = transfer.onWrongManifest(of: name, from: ReplicaIndex(1))
        #expect(!isOthersNews && isNews && !isNewsAgain)
        let second = transfer.requests(at: now, patience: patience)
        #expect(second.map(\.source) == [ReplicaIndex(2)] && second[0].positions == nil)
        #expect(transfer.fetched(view.members).manifestFrom == [view[ReplicaIndex(2)].id])
        let contents = Samples.contents(chunks: 0..<20)
        _ = transfer.onManifest(manifest(contents), from: ReplicaIndex(2), at: now, patience: patience)
        transfer.onFound([], of: name, at: now)
        // One is enough.
        #expect(transfer.fetched(view.members).manifestFrom.isEmpty)
        let asked = ReplicaSet(transfer.requests(at: now, patience: patience).map(\.source))
        #expect(
            transfer.fetched(view.members).chunksFrom == asked.map { view[$0].id } && !asked.contains(ReplicaIndex(1)))
    }

    @Test("What two members owe who answer with what is there already is asked of a third")
    func colluders() throws {
        let contents = Samples.contents(chunks: 0..<40)
        var now = Instant(1_000_000_000)
        let begun = now
        var transfer = try transfer(contents, n: 7, at: now)
        var given: [UInt32] = []
        for step in 0..<500 where !transfer.isComplete {
            now = now + .milliseconds(20)
            for request in transfer.requests(at: now, patience: patience) {
                // The second one seems to be a good source at first.
                let isSilent =
                    request.source == ReplicaIndex(1)
                    || request.source == ReplicaIndex(2) && now.since(begun) > .milliseconds(100)
                guard !isSilent, let positions = request.positions else { continue }
                for position in positions {
                    given.append(position)
                    _ = transfer.onChunk(
                        chunk(contents, Int(position)), from: request.source, at: now, patience: patience)
                }
            }
            guard step % 20 == 10 else { continue }
            for member in [1, 2] {
                _ = transfer.onChunk(
                    chunk(contents, Int(given[0])), from: ReplicaIndex(member), at: now, patience: patience)
            }
        }
        #expect(transfer.isComplete)
    }

    @Test("A state is not given up because each source has missed once, and each time later")
    func missedOnce() throws {
        let contents = Samples.contents(chunks: 0..<400)
        var now = Instant(1_000_000_000)
        var transfer = try transfer(contents, at: now)
        var waited: [UInt64] = []
        for newer in [16, 24, 32] as [UInt64] {
            let begun = now
            transfer.onOffer(certificate(newer), from: ReplicaIndex(3), at: now, patience: patience)
            while transfer.instance < Instance(newer) {
                now = now + .milliseconds(100)
                _ = transfer.requests(at: now, patience: patience)
                _ = transfer.moveOn(at: now, patience: patience)
                if now.since(begun) > .seconds(60) { break }
            }
            waited.append(now.since(begun).nanoseconds / 1_000_000_000)
        }
        #expect(waited == [2, 4, 8])
        #expect(transfer.instance == Instance(32))
    }

    /// It has the newest one each time, and gives one chunk of it just before its time is over, for ever.
    @Test("A member that always offers the newest state and trickles it is passed over for one that sends it")
    func trickles() throws {
        let contents = Samples.contents(chunks: 0..<2_000, bytes: 100)
        var now = Instant(1_000_000_000)
        let view = try Samples.view(n: 4, f: 1)
        let liar = ReplicaIndex(1)
        var newest = 8 as UInt64
        var transfer = StateTransfer(certificate(newest), from: liar, view: view, peers: Samples.peers(view), at: now)
        // What each of the others has kept since it was asked first.
        var kept: [Int: UInt64] = [:]
        var (next, due) = (0, now)
        for step in 0..<6_000 where !transfer.isComplete {
            now = now + .milliseconds(20)
            if step % 10 == 0 { newest += 8 }
            let checkpoint = transfer.name
            for request in transfer.requests(at: now, patience: patience) {
                let source = request.source
                let has = source == liar || kept[source.position] == checkpoint.instance.rawValue
                if !has {
                    kept[source.position] = newest
                    transfer.onOffer(certificate(newest), from: source, at: now, patience: patience)
                } else if let positions = request.positions {
                    guard source != liar else { continue }
                    for position in positions {
                        let right = named(chunk(contents, Int(position)), checkpoint)
                        _ = transfer.onChunk(right, from: source, at: now, patience: patience)
                    }
                } else {
                    let right = NamedManifest(checkpoint: checkpoint, manifest: manifest(contents).manifest)
                    _ = transfer.onManifest(right, from: source, at: now, patience: patience)
                    transfer.onFound([], of: checkpoint, at: now)
                }
            }
            if now.since(due) >= .milliseconds(480) {
                due = now
                let right = named(chunk(contents, next % 2_000), checkpoint)
                _ = transfer.onChunk(right, from: liar, at: now, patience: patience)
                next += 1
            }
            // It knows of everything first.
            transfer.onOffer(certificate(newest + 8), from: liar, at: now, patience: patience)
            _ = transfer.moveOn(at: now, patience: patience)
        }
        #expect(transfer.isComplete)
    }

    /// How the one member that still has the first state behaves.
    enum Last: CaseIterable {
        case dead, trickling
    }

    /// Checkpoints come every 100 ms, and each member keeps for a second what it was asked for or has offered last: shorter than it takes
    /// to find out that a source is too slow.
    @Test(
        "Where all others have only newer states, one that does not answer, or hardly, has nobody wait for it",
        arguments: Last.allCases)
    func lastOne(_ last: Last) throws {
        let contents = Samples.contents(chunks: 0..<1_000, bytes: 100)
        let begun = Instant(1_000_000_000)
        var now = begun
        let view = try Samples.view(n: 6, f: 1)
        let bad = ReplicaIndex(1)
        var transfer = StateTransfer(certificate(8), from: bad, view: view, peers: Samples.peers(view), at: now)
        var newest = 16 as UInt64
        var kept: [Int: (instance: UInt64, until: Instant)] = [:]
        var (next, due) = (0, now)
        while !transfer.isComplete, now.since(begun) < .seconds(20) {
            now = now + .milliseconds(20)
            newest = 16 + 8 * (now.since(begun).nanoseconds / 100_000_000)
            func has(_ member: ReplicaIndex, _ checkpoint: CheckpointName) -> Bool {
                guard let held = kept[member.position] else { return false }
                return held.instance == checkpoint.instance.rawValue && held.until > now
            }
            let checkpoint = transfer.name
            for request in transfer.requests(at: now, patience: patience) {
                let source = request.source
                if source == bad {
                    guard last == .trickling, request.positions == nil else { continue }
                } else if !has(source, checkpoint) {
                    kept[source.position] = (newest, now + .seconds(1))
                    transfer.onOffer(certificate(newest), from: source, at: now, patience: patience)
                    continue
                }
                guard let positions = request.positions else {
                    let right = NamedManifest(checkpoint: checkpoint, manifest: manifest(contents).manifest)
                    _ = transfer.onManifest(right, from: source, at: now, patience: patience)
                    transfer.onFound([], of: checkpoint, at: now)
                    continue
                }
                for position in positions {
                    let right = named(chunk(contents, Int(position)), checkpoint)
                    _ = transfer.onChunk(right, from: source, at: now, patience: patience)
                }
            }
            for keeping in transfer.toKeep(at: now, every: .milliseconds(250)) where keeping.member != bad {
                if !has(keeping.member, keeping.checkpoint) {
                    kept[keeping.member.position] = (newest, now)
                    transfer.onOffer(certificate(newest), from: keeping.member, at: now, patience: patience)
                }
                kept[keeping.member.position]?.until = now + .seconds(1)
            }
            if last == .trickling, now.since(due) >= .milliseconds(480) {
                due = now
                let right = named(chunk(contents, next % 1_000), checkpoint)
                _ = transfer.onChunk(right, from: bad, at: now, patience: patience)
                next += 1
            }
            _ = transfer.moveOn(at: now, patience: patience)
        }
        let isComplete = transfer.isComplete
        #expect(isComplete)
        #expect(now.since(begun) < (last == .dead ? .seconds(1) : .seconds(5)))
    }

    private func named(_ hashed: HashedChunk, _ checkpoint: CheckpointName) -> HashedChunk {
        HashedChunk(
            chunk: CheckpointChunk(
                checkpoint: checkpoint, position: hashed.chunk.position, bytes: hashed.chunk.bytes),
            digest: hashed.digest)
    }

    @Test("How long it may still take is told by what has come so far")
    func secondsLeft() {
        func progress(held: Int, fetched: Int, seconds: UInt64) -> TransferProgress {
            TransferProgress(
                instance: Instance(8), bytesHeld: held, bytesTotal: 1_000, bytesFetched: fetched,
                elapsed: .seconds(seconds))
        }
        #expect(progress(held: 600, fetched: 100, seconds: 3).secondsLeft == 12)
        #expect(progress(held: 600, fetched: 0, seconds: 3).secondsLeft == nil)
        #expect(progress(held: 1_000, fetched: 100, seconds: 3).secondsLeft == nil)
    }
}
