// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("State transfer (protocol §7)")
struct StateTransferTests {
    let client = Samples.client(1)

    @Test("Whoever asks for checkpoints again and again is served now and then")
    func checkpointsAreRare() throws {
        let group = try Group(checkpointPeriod: 8)
        let session = group.openSession(client)
        for sequence in 1...12 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence))
            group.settle()
        }
        #expect(group.status(1).stableCheckpoint == Instance(8))
        let recording = group.record(1)
        func ask() -> Int {
            recording.messages.removeAll()
            for _ in 1...100 {
                group.inject(.fetchCheckpoint(FetchCheckpoint(instance: Instance(1))), from: 3, to: 1)
                group.inject(.fetchDecisions(FetchDecisions(first: Instance(1))), from: 3, to: 1)
            }
            group.settle()
            return recording.messages.count { if case .checkpointOffer = $0 { true } else { false } }
        }
        #expect(ask() == 1)
        #expect(ask() == 0)
        group.pass(milliseconds: 300)
        #expect(ask() == 1)
    }

    /// A hundred kilobytes each, which a few bytes ask for.
    @Test("Whoever asks for decisions, batches or requests again and again is handed only so much")
    func servingIsPaced() throws {
        let group = try Group(checkpointPeriod: 16)
        let session = group.openSession(client)
        let payload = Bytes(repeating: 1, count: 100_000)
        for sequence in 1...4 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence, payload))
            group.settle()
        }
        let batch = try #require(group.nodes[1].executions.last)
        let recording = group.record(1)
        func ask(_ question: PeerMessage) -> Int {
            recording.messages.removeAll()
            for _ in 1...1_000 { group.inject(question, from: 3, to: 1) }
            group.settle()
            return recording.messages.count { message in
                switch message {
                case .decisions, .batchBody, .forwarded: true
                default: false
                }
            }
        }
        let decisions = PeerMessage.fetchDecisions(FetchDecisions(first: Instance(2)))
        // 8 MB at once, of 400 kB each; then as much as 40 MB a second are.
        #expect((15...25).contains(ask(decisions)))
        #expect(ask(.fetchBatch(FetchBatch(instance: batch.instance, digest: batch.digest))) == 0)
        group.pass(milliseconds: 1_000)
        #expect((70...90).contains(ask(.fetchBatch(FetchBatch(instance: batch.instance, digest: batch.digest)))))
        #expect(ask(decisions) == 0)
    }

    @Test("An OPEN that a fetched checkpoint covers does not wait any more")
    func openingCovered() throws {
        let group = try Group(checkpointPeriod: 16)
        let session = group.openSession(client)
        group.passes = { $0.from != 3 && $0.to != 3 }
        group.submit(Samples.open(Samples.client(2)))
        for sequence in 1...40 {
            group.submit(Samples.operation(client, session, UInt64(sequence)), to: [0, 1, 2])
            group.settle()
        }
        #expect(group.status(3).pendingRequests == 1)
        group.passes = { _ in true }
        group.pass(milliseconds: 1_000)
        #expect(group.status(3).decided == group.status(0).decided)
        #expect(group.status(3).pendingRequests == 0)
        group.pass(milliseconds: 5_000)
        #expect(group.status(3).epoch.regency == .first)
    }

    @Test("A replica with a wrong state takes none that is older than what is stable")
    func olderThanStable() throws {
        let group = try Group(checkpointPeriod: 8)
        let session = group.openSession(client)
        group.passes = { parcel in
            guard parcel.to == 3 else { return true }
            if case .checkpoint = parcel.message { return false }
            if case .checkpointOffer = parcel.message { return false }
            return true
        }
        func order(_ range: ClosedRange<UInt64>) {
            for sequence in range {
                group.submit(Samples.operation(client, session, sequence))
                group.settle()
            }
        }
        order(1...8)
        group.step(3, .snapshotTaken(Instance(8), .zero))
        let digests = (1...2).map { Digest(words: Words32(UInt64($0) * 8, 1, 1, 1)) }
        for place in 0...2 {
            let vote = CheckpointVote(view: .genesis, instance: Instance(8), digest: digests[0])
            group.inject(.checkpoint(vote), from: place, to: 3)
        }
        #expect(group.status(3).mode == .learner)
        order(9...20)
        for place in 0...2 {
            let vote = CheckpointVote(view: .genesis, instance: Instance(16), digest: digests[1])
            group.inject(.checkpoint(vote), from: place, to: 3)
        }
        // Nothing of it is forgotten before the right state is here, so that an older one than is stable elsewhere still leads on.
        #expect(group.status(3).stableCheckpoint < Instance(8))
        let old = CheckpointCertificate(view: .genesis, instance: Instance(8), digest: digests[0], shares: [])
        group.inject(.checkpointOffer(old), from: 2, to: 3)
        #expect(group.status(3).decided >= Instance(16))
        group.passes = { _ in true }
        group.pass(milliseconds: 3_000)
        order(21...24)
        group.pass(milliseconds: 1_000)
        #expect(group.status(3).decided == group.status(0).decided)
    }

    @Test("A replica with a wrong state gets the right one while the others go on from checkpoint to checkpoint")
    func wrongStateUnderLoad() throws {
        let group = try Group(checkpointPeriod: 8)
        group.chunks = (40, 100)
        let session = group.openSession(client)
        func order(_ range: ClosedRange<UInt64>) {
            for sequence in range {
                group.submit(Samples.operation(client, session, sequence))
                group.pass(milliseconds: 20)
            }
        }
        group.passes = { parcel in
            guard parcel.to == 3, case .checkpoint = parcel.message else { return true }
            return false
        }
        order(1...8)
        group.step(3, .snapshotTaken(Instance(8), .zero))
        var areChunksHeld = true
        group.passes = { parcel in
            guard parcel.to == 3, areChunksHeld, case .chunk = parcel.message else { return true }
            return false
        }
        let digest = Digest(words: Words32(8, 1, 1, 1))
        for place in 0...2 {
            let vote = CheckpointVote(view: .genesis, instance: Instance(8), digest: digest)
            group.inject(.checkpoint(vote), from: place, to: 3)
        }
        #expect(group.status(3).mode == .learner)
        order(9...48)
        #expect(group.status(3).transfer?.instance == Instance(8))
        #expect(group.status(0).stableCheckpoint >= Instance(40))
        areChunksHeld = false
        group.pass(milliseconds: 10_000)
        #expect(group.nodes[3].installed.map(\.certificate.instance) == [Instance(8)])
        #expect(group.status(3).decided == group.status(0).decided)
        #expect(group.status(3).stableCheckpoint >= Instance(40))
    }

    /// Seed 1044: a member's answers to others, just before it asked, used up what it was given, again and again.
    @Test("A member that said where it stands just before is helped when it asks")
    func helpAfterWord() throws {
        let group = try Group(checkpointPeriod: 64)
        let session = group.openSession(client)
        group.passes = { $0.from != 3 && $0.to != 3 }
        group.submit(Samples.operation(client, session, 1), to: [0, 1, 2])
        group.pass(milliseconds: 200)
        let recording = group.record(0)
        for asks in [false, true] {
            let word = Progress(
                epoch: Epoch(view: .genesis, regency: .first), isSynced: true, mode: .voter, decided: Instance(1),
                stableCheckpoint: .zero, asksForHelp: asks)
            group.inject(.progress(word), from: 3, to: 0)
        }
        group.passes = { _ in true }
        group.settle()
        #expect(recording.messages.contains { if case .decided = $0 { true } else { false } })
    }

    @Test("A replica that missed the votes for a checkpoint asks for it when it may go no further without")
    func missedCheckpoint() throws {
        let group = try Group(checkpointPeriod: 16)
        let client = Samples.client(1)
        let session = group.openSession(client)
        // Member 0 orders but tells nothing of checkpoints; member 3 hears nothing of them.
        let isOfCheckpoints = { (parcel: Group.Parcel) in
            switch parcel.message {
            case .checkpoint, .checkpointOffer: true
            default: false
            }
        }
        group.passes = { !isOfCheckpoints($0) || ($0.from != 0 && $0.to != 3) }
        for sequence in 1...50 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence, [UInt8(sequence)]))
            group.settle()
        }
        #expect(group.status(3).stableCheckpoint == .zero && group.status(1).stableCheckpoint == Instance(32))
        #expect(group.status(3).decided < group.status(1).decided)
        group.passes = { !isOfCheckpoints($0) || $0.from != 0 }
        group.pass(milliseconds: 5_000)
        #expect(group.status(3).decided == group.status(1).decided)
        #expect(group.status(3).stableCheckpoint >= Instance(32))
        #expect(group.status(3).epoch.regency == .first)
    }
}
