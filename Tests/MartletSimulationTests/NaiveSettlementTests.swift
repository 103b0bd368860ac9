// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes
import Testing

@Suite("What a SYNC settles, as checkers see it")
struct NaiveSettlementTests {
    private static let epoch = Epoch(view: .genesis, regency: Regency(3))

    private static func data(_ sender: Int, _ claims: [InstanceClaim], base: UInt64 = 0) -> StopData {
        let certificate = DecisionCertificate(
            epoch: epoch, instance: Instance(base), digest: Sample.digest(1), shares: [])
        return StopData(
            epoch: epoch, sender: ReplicaID(UInt16(sender)), base: base == 0 ? nil : certificate, checkpoint: nil,
            claims: claims)
    }

    private static func claim(_ instance: UInt64, lock: UInt64?, wrote: [UInt64]) -> InstanceClaim {
        let all = wrote.map { RegencyDigest(regency: .first, digest: Sample.digest($0)) }
        return InstanceClaim(
            instance: Instance(instance), lock: lock.map { RegencyDigest(regency: .first, digest: Sample.digest($0)) },
            writeSet: all)
    }

    @Test("Bound where a lock is certified, a hole below that, free above")
    func outcomes() throws {
        let view = try QuorumCheckerTests.view(n: 4)
        let claims = [
            Self.claim(2, lock: 7, wrote: [7]), Self.claim(3, lock: nil, wrote: [8]),
        ]
        let sync = Sync(
            epoch: Self.epoch,
            collected: [Self.data(0, claims), Self.data(1, [Self.claim(2, lock: nil, wrote: [7])]), Self.data(3, [])])
        let settlement = try #require(NaiveSettlement(sync, in: view, after: .zero))
        #expect(settlement.outcomes.map(\.instance) == [1, 2, 3].map { Instance($0) })
        #expect(settlement.outcomes.map(\.outcome) == [.hole, .bound(Sample.digest(7)), .free])
        #expect(settlement.base == .zero)
        #expect(NaiveSettlement(sync, in: view, after: Instance(1))?.outcomes.count == 2)
    }

    @Test("It comes to what the core comes to, also where that is nothing", arguments: [FaultModel.byzantine, .crash])
    func twins(model: FaultModel) throws {
        var random = SeededRandom(seed: 11)
        var settled = 0
        var holes = 0
        for round in 0..<6_000 {
            let view = try QuorumCheckerTests.view(model, n: 4 + round % 2)
            let collected = (0..<view.n - (random.chance(permille: 700) ? 1 : 0)).map { sender in
                Self.drawn(sender, &random)
            }
            let sync = Sync(epoch: Self.epoch, collected: collected)
            let begin = Instance(UInt64(random.below(2)))
            let naive = NaiveSettlement(sync, in: view, after: begin)
            let core = Settlement.settle(collected, view: view, viewEnd: begin)
            #expect((naive == nil) == (core == nil))
            guard let naive, let core else { continue }
            settled += 1
            #expect(naive.base == core.provenBase)
            for (instance, outcome) in naive.outcomes {
                switch outcome {
                case .bound(let digest): #expect(core.outcome(of: instance) == .bound(digest))
                case .hole:
                    holes += 1
                    #expect(core.outcome(of: instance) == .empty)
                case .free: #expect(core.outcome(of: instance) == nil)
                }
            }
        }
        #expect(settled > 1_000 && holes > 50)
    }

    /// Claims of few instances, regencies and digests, so that they meet.
    private static func drawn(_ sender: Int, _ random: inout SeededRandom) -> StopData {
        var claims: [InstanceClaim] = []
        for instance in 1...4 as ClosedRange<UInt64> where random.chance(permille: 600) {
            func value() -> RegencyDigest {
                RegencyDigest(
                    regency: Regency(UInt64(random.number(in: 1...2))),
                    digest: Sample.digest(UInt64(random.number(in: 1...2))))
            }
            let lock = random.chance(permille: 500) ? value() : nil
            let writeSet = (lock.map { [$0] } ?? []) + (random.chance(permille: 300) ? [value()] : [])
            claims.append(InstanceClaim(instance: Instance(instance), lock: lock, writeSet: writeSet))
        }
        return data(sender, claims, base: UInt64(random.below(3)))
    }
}
