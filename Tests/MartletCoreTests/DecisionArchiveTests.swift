// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("Decisions kept for those behind (protocol §7)")
struct DecisionArchiveTests {
    /// 256 bytes.
    private func decision(_ number: UInt64) -> ConsensusInstance {
        let epoch = Epoch(view: .genesis, regency: .first)
        let batch = Batch(instance: Instance(number), born: epoch, time: Timestamp(number), entries: [])
        let digest = Samples.digest(of: batch)
        var instance = ConsensusInstance(number: Instance(number))
        instance.add(KnownBatch(ResolvedBatch(batch: batch, digest: digest, bodies: [])))
        instance.decided = digest
        return instance
    }

    @Test("The newest that the bytes allow are kept, each in its place")
    func bounded() throws {
        let view = try Samples.view()
        var archive = DecisionArchive(bytesMax: 256 * 1_000)
        for number in 101...20_000 as ClosedRange<UInt64> {
            archive.append(decision(number), owner: view)
            guard number % 128 == 0 else { continue }
            archive.trim()
            #expect(archive.bytes == 256 * archive.count && archive.count <= 1_000)
        }
        archive.trim()
        #expect(archive.count == 1_000 && archive.first == Instance(19_001))
        for number in [19_001, 19_500, 20_000] as [UInt64] {
            #expect(archive[Instance(number)]?.batch.batch.instance == Instance(number))
        }
        #expect(archive[Instance(19_000)] == nil && archive[Instance(20_001)] == nil)
        archive.drop(through: Instance(19_990))
        #expect(archive.count == 10 && archive.first == Instance(19_991) && archive.bytes == 2_560)
        // A gap: nothing leads over it.
        archive.append(decision(20_002), owner: view)
        #expect(archive.count == 1 && archive.first == Instance(20_002))
        archive.removeAll()
        #expect(archive.isEmpty && archive.bytes == 0)
    }

    @Test("A check that was under way accuses nobody whose vote came after it had begun")
    func checking() throws {
        let view = try Samples.view()
        var instance = decision(1)
        let epoch = Epoch(view: .genesis, regency: .first)
        let digest = try #require(instance.decided)
        let round = instance.round(.first)
        let place = try #require(round)
        func accept(_ member: Int) {
            let voter = ReplicaIndex(member)
            _ = instance.rounds[place].accepts.add(voter, for: digest, weight: view.weight(of: voter))
            instance.rounds[place].signed.append(
                VoteRound.SignedAccept(voter: voter, digest: digest, signature: .absent))
        }
        for member in 0..<3 { accept(member) }
        instance.checking = instance.uncheckedCertificate(view)
        let asked = try #require(instance.checking)
        accept(3)
        var archive = DecisionArchive(bytesMax: 10_000)
        archive.append(instance, owner: view)
        guard case .isUnderWay = archive.beginCheck(of: Instance(1)) else {
            Issue.record("it is begun twice")
            return
        }
        let liars = archive.endCheck(asked, isQuorum: true)
        #expect(liars.isEmpty && archive[Instance(1)]?.certificate == asked && asked.epoch == epoch)
    }

    @Test("A decision that nothing proves is kept, and not called proved")
    func unproved() throws {
        var archive = DecisionArchive(bytesMax: 10_000)
        archive.append(decision(1), owner: try Samples.view())
        #expect(archive[Instance(1)]?.certificate == nil)
        guard case .none = archive.beginCheck(of: Instance(1)) else {
            Issue.record("there is nothing to be checked")
            return
        }
    }
}
