// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// Links of 40 ms each way; member 0 leads, member 1 looks.
@Suite("Lateness: votes that come later than their links allow")
struct LatenessMonitorTests {
    private static let way: UInt64 = 40
    private let view: View
    private let proposed = Digest(words: Words32(1, 0, 0, 0))

    init() throws { view = try Samples.view(n: 4) }

    private func reports(_ change: (Int, Int) -> UInt32? = { _, _ in nil }) -> [LatencyReport?] {
        (0..<4).map { from in
            let row = (0..<4).map { to in
                from == to ? LinkLatency.zero : LinkLatency(change(from, to) ?? UInt32(Self.way * 1_000))
            }
            return LatencyReport(proposals: row, votes: row)
        }
    }

    private func monitor(_ reports: [LatencyReport?]? = nil, leader: Int = 0) -> LatenessMonitor {
        var monitor = LatenessMonitor(view: view, me: ReplicaIndex(1), patience: .seconds(1))
        monitor.begin(leader: ReplicaIndex(leader), after: .zero)
        monitor.begin(secret: 7, after: .zero)
        monitor.note(reports ?? self.reports(), after: .zero)
        return monitor
    }

    /// When the votes of each member are here, in milliseconds after the leader proposed; nil: never. What is not said is as the
    /// links have it: WRITEs at 40 of the leader, 80 of the others, ACCEPTs when a quorum's WRITEs have come.
    private struct Seen {
        var proposal: UInt64 = 40
        var write: [UInt64?] = [40, 40, 80, 80]
        var accept: [UInt64?] = [120, 80, 120, 120]
        var digests: [Digest] = []
    }

    private func show(
        _ monitor: inout LatenessMonitor, _ seen: Seen, at instances: some Sequence<UInt64>
    ) {
        for number in instances {
            let (instance, begin) = (Instance(number), Instant(number * 10_000_000_000))
            func at(_ milliseconds: UInt64) -> Instant { begin + .milliseconds(milliseconds) }
            monitor.noteProposal(proposed, at: instance, at(seen.proposal))
            monitor.noteOwnVote(at: instance, at(seen.proposal))
            for place in 0..<4 {
                let digest = seen.digests.isEmpty ? proposed : seen.digests[place]
                if let time = seen.write[place] {
                    monitor.noteWrite(digest, of: ReplicaIndex(place), at: instance, at(time))
                }
                if let time = seen.accept[place] {
                    monitor.noteAccept(digest, of: ReplicaIndex(place), at: instance, at(time))
                }
            }
            monitor.judge(decided: instance, at: at(1_100))
        }
    }

    private func late(_ seen: Seen, _ reports: [LatencyReport?]? = nil, leader: Int = 0) -> [Int] {
        var monitor = monitor(reports, leader: leader)
        show(&monitor, seen, at: 1...300)
        return monitor.late.map(\.position)
    }

    private func seen(_ change: (inout Seen) -> Void) -> Seen {
        var seen = Seen()
        change(&seen)
        return seen
    }

    @Test("Votes that come when the links let them are not late, nor those a little later")
    func punctual() {
        #expect(late(Seen()) == [])
        #expect(late(seen { $0.write[3] = 80 + 44 }) == [])
    }

    @Test("A member whose WRITEs or ACCEPTs are slow, or never come, or are for something else, is late")
    func lateVoter() {
        #expect(late(seen { $0.write[3] = 80 + 46 }) == [3])
        #expect(late(seen { $0.write[3] = nil }) == [3])
        #expect(late(seen { $0.accept[3] = 120 + 46 }) == [3])
        #expect(late(seen { $0.accept[3] = nil }) == [3])
        let other = Digest(words: Words32(2, 0, 0, 0))
        #expect(late(seen { $0.digests = [proposed, proposed, proposed, other] }) == [3])
    }

    @Test("Two that say they are next to each other are late, where their votes then are needed")
    func falseNeighbours() throws {
        // The leader and 3, who are 40 ms apart: 3's WRITE would be here at 40.
        let lie = reports { from, to in from + to == 3 && from * to == 0 ? 1 : nil }
        #expect(late(seen { $0.write[3] = 80 + 6 }, lie) == [3])
    }

    @Test("Nobody is late since others' votes were: an ACCEPT waits for a quorum of WRITEs")
    func waitsForQuorum() {
        // Of four light and heavy votes all that are needed come with member 2's, 60 ms late.
        let late = late(
            seen {
                $0.write = [40, 40, 140, nil]
                $0.accept = [180, 140, 180, nil]
            })
        #expect(!late.contains(0))
    }

    @Test("Who keeps its WRITE from one member does not make that one late")
    func keptFromOne() {
        // From here to 2 it is 200 ms. It had to wait for the WRITE from here, as that of 3 never came there.
        let far = reports { from, to in from + to == 3 && from * to == 2 ? 200_000 : nil }
        let seen = seen {
            $0.write = [40, 40, 240, 80]
            $0.accept = [120, 80, 440, 120]
        }
        #expect(late(seen, far) == [])
    }

    @Test("A leader that is late itself does not hide behind f others that it told late; more than those tell nothing")
    func hides() {
        let hidden = seen {
            $0.write = [86, 40, 80, 140]
            $0.accept = [190, 80, 120, 190]
        }
        #expect(late(hidden) == [0])
        let more = seen {
            $0.write = [86, 40, 140, 140]
            $0.accept = [190, 80, 190, 190]
        }
        #expect(late(more) == [])
    }

    @Test("When more are late than can be faulty, it is the looker's own fault")
    func ownFault() {
        #expect(
            late(
                seen {
                    $0.write = [40, 40, 400, 400]
                    $0.accept = [500, 500, 500, 500]
                }) == [])
    }

    @Test("What kept this replica from voting kept the others too")
    func waitedItself() {
        var monitor = monitor()
        for number in 1...300 as ClosedRange<UInt64> {
            let (instance, begin) = (Instance(number), Instant(number * 10_000_000_000))
            monitor.noteProposal(proposed, at: instance, begin + .milliseconds(40))
            monitor.noteOwnVote(at: instance, begin + .milliseconds(440))
            for place in 0..<4 {
                let written = begin + .milliseconds(place == 0 ? 440 : 480)
                monitor.noteWrite(proposed, of: ReplicaIndex(place), at: instance, written)
                monitor.noteAccept(proposed, of: ReplicaIndex(place), at: instance, begin + .milliseconds(520))
            }
            monitor.judge(decided: instance, at: begin + .milliseconds(1_500))
        }
        #expect(monitor.late.isEmpty)
    }

    @Test("A leader that proposes to this replica later than to others is late")
    func lateProposal() {
        let seen = seen {
            $0.proposal = 140
            $0.write = [140, 140, 80, 80]
            $0.accept = [220, 180, 220, 220]
        }
        #expect(late(seen) == [0])
    }

    @Test("Half of the time late is not late, more is; what was is forgotten")
    func steady() {
        var monitor = monitor()
        let slow = seen { $0.write[3] = 400 }
        show(&monitor, slow, at: 1...400)
        #expect(monitor.late == ReplicaSet([ReplicaIndex(3)]))
        show(&monitor, Seen(), at: 401...1_000)
        #expect(monitor.late.isEmpty)
    }

    @Test("Only one instance in some is looked at, and which nobody knows")
    func sampled() {
        func looks(_ secret: UInt64) -> [UInt64] {
            (1...1_000).filter { number in
                var monitor = LatenessMonitor(view: view, me: ReplicaIndex(1), patience: .seconds(1))
                monitor.begin(leader: ReplicaIndex(0), after: .zero)
                monitor.begin(secret: secret, after: .zero)
                monitor.note(reports(), after: .zero)
                monitor.noteProposal(proposed, at: Instance(number), Instant(1))
                return monitor.count > 0
            }
        }
        let (first, second) = (looks(1), looks(2))
        #expect((90...160).contains(first.count) && (90...160).contains(second.count))
        #expect(first.filter { second.contains($0) }.count < 40)
        let gaps = zip(first, first.dropFirst()).map { $1 - $0 }
        #expect(Set(gaps).count > 8)
    }

    @Test("What was under way when the leader or the links became known is not looked at")
    func begun() {
        var monitor = monitor()
        monitor.begin(leader: ReplicaIndex(2), after: Instance(200))
        for number in 1...200 as ClosedRange<UInt64> {
            monitor.noteProposal(proposed, at: Instance(number), Instant(1))
        }
        #expect(monitor.count == 0)
        for number in 201...250 as ClosedRange<UInt64> {
            monitor.noteProposal(proposed, at: Instance(number), Instant(1))
        }
        #expect(monitor.count > 0)
    }

    @Test("Instances that a liar votes for and that never come take bounded room, and no later one's place")
    func bounded() {
        var monitor = monitor()
        for number in 1...10_000 as ClosedRange<UInt64> {
            monitor.noteWrite(proposed, of: ReplicaIndex(3), at: Instance(number), Instant(1))
        }
        #expect(monitor.count == LatenessMonitor.openMax * 2 * 4)
        monitor.judge(decided: Instance(10_000), at: Instant(2))
        #expect(monitor.count == 0)
        show(&monitor, seen { $0.write[3] = 400 }, at: 10_001...10_400)
        #expect(monitor.late == ReplicaSet([ReplicaIndex(3)]))
    }

    @Test("Where a link is missing nothing is late")
    func missing() {
        let unknown = reports { from, to in from == 3 || to == 3 ? LinkLatency.missing.rawValue : nil }
        #expect(late(seen { $0.write[3] = 900 }, unknown) == [])
        #expect(late(seen { $0.write[3] = 900 }, Array(repeating: nil, count: 4)) == [])
    }

    @Test("In a group where members only crash ACCEPTs alone tell")
    func crashOnly() throws {
        let view = try Samples.view(n: 4, model: .crash)
        var monitor = LatenessMonitor(view: view, me: ReplicaIndex(1), patience: .seconds(1))
        monitor.begin(leader: ReplicaIndex(0), after: .zero)
        monitor.begin(secret: 7, after: .zero)
        monitor.note(reports(), after: .zero)
        show(&monitor, seen { $0.accept = [40, 40, 80, 80 + 46] }, at: 1...300)
        #expect(monitor.late == ReplicaSet([ReplicaIndex(3)]))
    }
}
