// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("The outcome of SYNC (protocol §6)")
struct SettlementTests {
    static let red = Digest(words: Words32(1, 1, 1, 1))
    static let blue = Digest(words: Words32(2, 2, 2, 2))

    let view: View
    init() throws { view = try Samples.view() }

    private func stopData(_ sender: UInt16, _ claims: [InstanceClaim], regency: UInt64 = 3) -> StopData {
        StopData(
            epoch: Epoch(view: .genesis, regency: Regency(regency)), sender: ReplicaID(sender), base: nil,
            checkpoint: nil, claims: claims)
    }

    private func claim(
        _ instance: UInt64, lock: (UInt64, Digest)?, wrote: [(UInt64, Digest)] = []
    ) -> InstanceClaim {
        InstanceClaim(
            instance: Instance(instance), lock: lock.map { RegencyDigest(regency: Regency($0.0), digest: $0.1) },
            writeSet: wrote.map { RegencyDigest(regency: Regency($0.0), digest: $0.1) })
    }

    @Test("A lock of the first epoch counts as a lock")
    func firstEpochLock() {
        let locked = claim(1, lock: (1, Self.red), wrote: [(1, Self.red)])
        let settled = Settlement.settle(
            [stopData(0, [locked]), stopData(1, [locked]), stopData(2, [locked])], view: view)
        #expect(settled?.outcomes == [.bound(Self.red)])
    }

    @Test("One lock among a quorum is enough when f+1 wrote it, whoever else is silent")
    func oneLock() {
        let locked = claim(1, lock: (1, Self.red), wrote: [(1, Self.red)])
        let wrote = claim(1, lock: nil, wrote: [(1, Self.red)])
        let settled = Settlement.settle([stopData(0, [locked]), stopData(1, [wrote]), stopData(2, [])], view: view)
        #expect(settled?.outcomes == [.bound(Self.red)])
    }

    @Test("A lock that only its reporter wrote binds nothing, and with it alone S is not sound")
    func uncertified() {
        let forged = claim(1, lock: (2, Self.blue), wrote: [(2, Self.blue)])
        #expect(Settlement.settle([stopData(0, [forged]), stopData(1, []), stopData(2, [])], view: view) == nil)
        let settled = Settlement.settle(
            [stopData(0, [forged]), stopData(1, []), stopData(2, []), stopData(3, [])], view: view)
        #expect(settled?.outcomes == [])
    }

    @Test("A hole below a certified decision is filled")
    func hole() {
        let locked = claim(2, lock: (1, Self.red), wrote: [(1, Self.red)])
        let settled = Settlement.settle(
            [stopData(0, [locked]), stopData(1, [locked]), stopData(2, [])], view: view)
        #expect(settled?.outcomes == [.empty, .bound(Self.red)])
        #expect(settled?.ceiling == Instance(2))
    }

    @Test("Several collects of one replica count once")
    func duplicates() {
        #expect(Settlement.settle([stopData(0, []), stopData(0, []), stopData(0, [])], view: view) == nil)
        #expect(Settlement.settle([stopData(0, []), stopData(1, []), stopData(1, [])], view: view) == nil)
    }

    @Test("Two bound digests resolve alike everywhere: the highest regency, then the least digest")
    func twoBound() throws {
        let wrote: [(UInt64, Digest)] = [(2, Self.red), (2, Self.blue)]
        let some = [
            stopData(0, [claim(1, lock: (2, Self.blue), wrote: wrote)]),
            stopData(1, [claim(1, lock: (1, Self.red), wrote: wrote)]),
            stopData(2, [claim(1, lock: (1, Self.red), wrote: wrote)]),
            stopData(3, []),
        ]
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let settled = Settlement.settle(order.map { some[$0] }, view: view)
            #expect(settled?.outcomes == [.bound(Self.blue)])
        }
        let six = try Samples.view(n: 7, f: 2)
        let equal = (0..<7).map { place in
            let digest = place < 3 ? Self.blue : Self.red
            return stopData(
                UInt16(place), [claim(1, lock: place < 6 ? (1, digest) : nil, wrote: [(1, Self.red), (1, Self.blue)])])
        }
        // Neither has a quorum of equal or lower locks: not sound, rather than two opinions.
        #expect(Settlement.settle(equal, view: six) == nil)
    }

    @Test("In crash mode the highest lock binds")
    func crash() throws {
        let crash = try Samples.view(n: 3, f: 1, model: .crash)
        let settled = Settlement.settle(
            [stopData(0, [claim(1, lock: (1, Self.red))]), stopData(1, [claim(1, lock: (2, Self.blue))])], view: crash)
        #expect(settled?.outcomes == [.bound(Self.blue)])
    }

    @Test("Nothing decided is ever replaced: every way in which a quorum may have locked binds", arguments: 4...5)
    func exhaustive(n: Int) throws {
        // Every set of n−f members is a possible S; every decided value was locked by a quorum, f of which may lie.
        let view = try Samples.view(n: n, f: 1)
        let honest = claim(1, lock: (2, Self.red), wrote: [(2, Self.red)])
        let lies: [InstanceClaim?] = [
            nil, claim(1, lock: nil, wrote: [(2, Self.blue)]),
            claim(1, lock: (2, Self.blue), wrote: [(2, Self.blue)]),
            claim(1, lock: (1, Self.blue), wrote: [(2, Self.blue)]), claim(1, lock: (1, Self.red), wrote: []),
        ]
        let olds: [InstanceClaim?] = [
            nil, claim(1, lock: nil, wrote: [(1, Self.blue)]), claim(1, lock: (1, Self.blue), wrote: [(1, Self.blue)]),
        ]
        var sound = 0
        for lockers in 0..<(1 << n) {
            let set = ReplicaSet((0..<n).filter { lockers & (1 << $0) != 0 }.map { ReplicaIndex($0) })
            guard view.isQuorum(set) else { continue }
            for liar in 0..<n {
                for lie in lies {
                    for old in olds {
                        let all = (0..<n).map { place -> StopData in
                            let isLocker = set.contains(ReplicaIndex(place))
                            let claim = place == liar ? lie : isLocker ? honest : old
                            return stopData(UInt16(place), claim.map { [$0] } ?? [])
                        }
                        for silent in 0...n {
                            let collected = all.enumerated().filter { $0.offset != silent }.map(\.element)
                            guard let settled = Settlement.settle(collected, view: view) else { continue }
                            sound += 1
                            #expect(settled.outcome(of: Instance(1)) == .bound(Self.red))
                        }
                    }
                }
            }
        }
        #expect(sound > 1000)
    }
}
