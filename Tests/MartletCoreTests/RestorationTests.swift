// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// What records come to (protocol §7), and a core that is made of them by itself.
@Suite struct RestorationTests {
    private let client = Samples.client(1)

    private func epoch(_ regency: UInt64, view: UInt64 = 1) -> Epoch {
        Epoch(view: ViewNumber(view), regency: Regency(regency))
    }

    private func batch(_ instance: UInt64, _ number: UInt8, born regency: UInt64 = 1) -> (Digest, BatchBody) {
        let request = Samples.operation(client, SessionID(instance: Instance(1), place: 0), 1, [number]).request
        let batch = Batch(
            instance: Instance(instance), born: epoch(regency), time: Timestamp(UInt64(number)),
            entries: [BatchEntry(id: request.id, digest: Samples.digest(of: request))])
        return (Samples.digest(of: batch), BatchBody(batch: batch, bodies: [request]))
    }

    private func vote(_ instance: UInt64, _ digest: Digest, in regency: UInt64, view: UInt64 = 1) -> LoggedVote {
        LoggedVote(epoch: epoch(regency, view: view), instance: Instance(instance), digest: digest)
    }

    private func restoration(_ records: [LogRecord]) -> Restoration {
        var restoration = Restoration()
        for record in records { restoration.add(record) }
        return restoration
    }

    private func core(of restoration: Restoration, at place: Int = 2, into effects: inout Effects) throws -> ReplicaCore
    {
        var settings = GroupSettings()
        settings.isDurable = true
        let view = try Samples.view(settings: settings)
        return ReplicaCore(
            CoreConfiguration(view: view, replica: view.members[place].id), restoring: restoration,
            at: ClockReading(monotonic: Instant(1_000_000_000), wall: Timestamp(1)), into: &effects)
    }

    @Test func votesOfEachViewAreKeptApart() {
        let (digest, body) = batch(3, 1)
        let told = restoration([
            .incarnation(0), .entered(epoch(1)), .batch(digest, body), .wrote(vote(3, digest, in: 1)),
            .entered(epoch(1, view: 2)), .accepted(vote(3, digest, in: 1, view: 2)),
        ])
        #expect(told.facts(of: .genesis).map(\.wrote?.digest) == [digest])
        #expect(told.facts(of: .genesis).map(\.accepted) == [nil])
        #expect(told.facts(of: ViewNumber(2)).map(\.accepted?.digest) == [digest])
        #expect(told.facts(of: ViewNumber(3)).isEmpty)
        #expect(told.epoch == epoch(1, view: 2) && !told.ends(with: .genesis) && told.ends(with: ViewNumber(2)))
    }

    /// Reads that are not ordered have to wait for what may have been answered, and for nothing that a view's end has made void.
    @Test func whatMayHaveBeenAnsweredIsWhatWasAcceptedOrDecidedWithinItsView() throws {
        let (digest, _) = batch(3, 1)
        var settings = GroupSettings()
        settings.isDurable = true
        let view = try Samples.view(settings: settings)
        let records: [LogRecord] = [
            .incarnation(0), .entered(epoch(1)), .accepted(vote(3, digest, in: 1)), .accepted(vote(9, digest, in: 1)),
            .wrote(vote(11, digest, in: 1)),
        ]
        #expect(restoration(records).lastAnswered == Instance(9))
        let next = try view.successor(view.plan)
        let end = ViewCertificate(view: view.number, last: Instance(5), next: next, shares: [])
        #expect(restoration(records + [.view(end)]).lastAnswered == Instance(3))
        #expect(restoration([]).lastAnswered == .zero)
    }

    /// A log that had to be written anew tells the end of the old one again, and may be torn in that.
    @Test func whatIsToldAgainTakesNothingBack() {
        let (first, _) = batch(3, 1)
        let (second, _) = batch(3, 2)
        let records: [LogRecord] = [
            .entered(epoch(1)), .wrote(vote(3, first, in: 1)), .accepted(vote(3, first, in: 1)), .entered(epoch(2)),
            .synced(Sync(epoch: epoch(2), collected: [])), .wrote(vote(3, second, in: 2)),
            .wrote(vote(3, first, in: 3)), .accepted(vote(3, second, in: 2)),
        ]
        for cut in records.indices {
            let told = restoration(records + records[...cut])
            let fact = told.facts(of: .genesis).first
            #expect(fact?.wrote == RegencyDigest(regency: Regency(3), digest: first))
            #expect(fact?.accepted == RegencyDigest(regency: Regency(2), digest: second))
            #expect(fact?.writeSet.first { $0.digest == first }?.regency == Regency(3))
            #expect(fact?.writeSet.count == 2)
            #expect(told.epoch == epoch(2) && told.sync?.epoch == epoch(2))
        }
    }

    @Test func anOutcomeBelongsToItsEpoch() {
        let sync = LogRecord.synced(Sync(epoch: epoch(2), collected: []))
        #expect(restoration([.entered(epoch(2)), sync, .entered(epoch(3))]).sync == nil)
        #expect(restoration([.entered(epoch(3)), sync]).sync == nil)
        #expect(restoration([.incarnation(7)]).isEmpty)
    }

    /// Regencies in which liars led may leave more batches than an instance keeps; what it has locked is not one to go.
    @Test(arguments: [true, false]) func theLockedBatchIsKeptAmongMany(isDecided: Bool) throws {
        let batches = (1...9 as ClosedRange<UInt8>).map { batch(1, $0, born: UInt64($0)) }
        let (locked, body) = batches[0]
        var records: [LogRecord] = [.incarnation(0), .entered(epoch(1))]
        records += [.batch(locked, body), .wrote(vote(1, locked, in: 1))]
        if isDecided {
            records.append(
                .decided(DecisionCertificate(epoch: epoch(1), instance: Instance(1), digest: locked, shares: [])))
        } else {
            records.append(.accepted(vote(1, locked, in: 1)))
        }
        for (place, other) in batches.enumerated().dropFirst() {
            let regency = UInt64(place) + 1
            records += [.entered(epoch(regency)), .batch(other.0, other.1), .wrote(vote(1, other.0, in: regency))]
        }
        var effects = Effects()
        var core = try core(of: restoration(records), into: &effects)
        let now = ClockReading(monotonic: Instant(1_000_000_000), wall: Timestamp(1))
        core.step(.deadline, at: now, into: &effects)
        #expect(core.status.decided == (isDecided ? Instance(1) : .zero))
        effects.removeAll()
        let fetch = FetchBatch(instance: Instance(1), digest: locked)
        core.step(.message(Group.verified(.fetchBatch(fetch), from: ReplicaID(0))), at: now, into: &effects)
        #expect(effects.sends.contains { $0.message == .batchBody(body) })
    }

    @Test func aRequestThatWasOnlyStoodInForIsSoAgain() throws {
        let (digest, body) = batch(1, 1)
        let told = restoration([
            .incarnation(0), .entered(epoch(1)), .batch(digest, BatchBody(batch: body.batch, bodies: [nil])),
            .decided(DecisionCertificate(epoch: epoch(1), instance: Instance(1), digest: digest, shares: [])),
        ])
        var effects = Effects()
        var core = try core(of: told, into: &effects)
        core.step(.deadline, at: ClockReading(monotonic: Instant(1), wall: Timestamp(1)), into: &effects)
        #expect(core.status.decided == Instance(1))
    }

    @Test func itIsCompleteFromTheStateToBeginWithOn() {
        let (digest, _) = batch(1, 1)
        #expect(restoration([.entered(epoch(1))]).isComplete)
        #expect(restoration([.entered(epoch(1)), .wrote(vote(1, digest, in: 1))]).isComplete)
        #expect(!restoration([.entered(epoch(1)), .wrote(vote(17, digest, in: 1))]).isComplete)
        let stable = CheckpointCertificate(view: .genesis, instance: Instance(16), digest: .zero, shares: [])
        #expect(!restoration([.entered(epoch(1)), .stable(stable)]).isComplete)
    }

    private func decided(_ instance: UInt64, view: UInt64 = 1) -> LogRecord {
        .decided(
            DecisionCertificate(epoch: epoch(1, view: view), instance: Instance(instance), digest: .zero, shares: []))
    }

    private func stable(_ instance: UInt64) -> LogRecord {
        .stable(CheckpointCertificate(view: .genesis, instance: Instance(instance), digest: .zero, shares: []))
    }

    private func wrote(_ instance: UInt64, view: UInt64 = 1) -> LogRecord {
        .wrote(vote(instance, .zero, in: 1, view: view))
    }

    /// It looked at the lowest instance only.
    @Test func aGapInWhatIsToldIsNoCompleteLog() {
        let told = { (records: [LogRecord]) in self.restoration([.incarnation(0), .entered(self.epoch(1))] + records) }
        #expect(told([decided(1), decided(2), wrote(3), wrote(4)]).isComplete)
        #expect(!told([decided(1), decided(2), wrote(4)]).isComplete, "a vote follows the one before")
        #expect(!told([decided(1), decided(3)]).isComplete)
        #expect(!told([decided(1), wrote(2), decided(3)]).isComplete, "a decision follows the one before")
        #expect(!told([wrote(1), wrote(2), decided(2)]).isComplete)
        // Decisions come in the order of instances, votes for a decided one too.
        #expect(told([wrote(2), decided(1), decided(2), wrote(1)]).isComplete)
        #expect(told([decided(1), decided(2), stable(2), decided(3)]).isComplete)
        #expect(!told([decided(1), decided(2), stable(8)]).isComplete, "the state after 8 is gone")
        #expect(!told([decided(1), decided(2), stable(8), decided(9)]).isComplete)
    }

    @Test func itIsCompleteWhereAStateFillsTheGap() throws {
        var told = restoration([.entered(epoch(1)), decided(1), decided(2), stable(8), decided(9), wrote(10)])
        #expect(!told.isComplete)
        let image = CheckpointImage(
            instance: Instance(8), time: Timestamp(1), view: try Samples.view(), sessions: [], openings: [],
            adaptation: .empty)
        told.begin(with: image, told.stable[0])
        #expect(told.isComplete)
        told.add(decided(11))
        #expect(!told.isComplete)
    }

    /// What was voted for beyond a view's end is void, and voted for again in the next one.
    @Test func theEndOfAViewIsNoGap() throws {
        let view = try Samples.view()
        let end = LogRecord.view(
            ViewCertificate(view: view.number, last: Instance(2), next: try view.successor(view.plan), shares: []))
        let first = [.entered(epoch(1)), decided(1), decided(2), wrote(3), wrote(4)] + [end]
        #expect(restoration(first).isComplete)
        #expect(restoration(first + [decided(3, view: 2), wrote(4, view: 2)]).isComplete)
        #expect(!restoration(first + [decided(4, view: 2)]).isComplete)
        #expect(!restoration(first + [wrote(5, view: 2)]).isComplete)
    }
}
