// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// Who is replaced for being slow, and who is not (protocol §9).
@Suite("Slow leaders")
struct SlowLeaderTests {
    private let client = Samples.client(1)

    /// Lets a client submit a request every 50 ms, while these leaders hold what they propose back.
    private func run(_ group: Group, milliseconds: UInt64, slow: Set<Int>, by delay: UInt64) {
        let session = group.openSession(client)
        var held: [(at: Instant, parcel: Group.Parcel)] = []
        group.passes = { parcel in
            guard slow.contains(parcel.from), case .propose = parcel.message else { return true }
            held.append((group.now.monotonic + .milliseconds(delay), parcel))
            return false
        }
        for step in 1...milliseconds / 10 {
            if step % 5 == 0 { group.submit(Samples.operation(client, session, step / 5)) }
            group.pass(milliseconds: 10)
            while let first = held.first, first.at <= group.now.monotonic {
                held.removeFirst()
                group.inject(first.parcel.message, from: first.parcel.from, to: first.parcel.to)
            }
            group.settle()
        }
    }

    private func reasons(_ group: Group) -> [StopReason] {
        group.nodes.flatMap(\.notices).compactMap { if case .stopSent(_, let reason) = $0 { reason } else { nil } }
    }

    @Test("A leader that holds its proposals back, but less than the timeouts, is replaced; the next one stays")
    func slowLeader() throws {
        let group = try Group(checkpointPeriod: 64)
        run(group, milliseconds: 10_000, slow: [0], by: 150)
        for place in 0...3 { #expect(group.status(place).epoch.regency == Regency(2)) }
        #expect(Set(reasons(group)).isSubset(of: [.slowLeader, .joined]))
    }

    /// Each member calls two leaders slow, of which it may be none itself.
    @Test("A group that is slow whoever leads changes its leader three times, and goes on")
    func slowGroup() throws {
        let group = try Group(checkpointPeriod: 64)
        run(group, milliseconds: 60_000, slow: [0, 1, 2, 3], by: 150)
        for place in 0...3 {
            #expect(group.status(place).epoch.regency == Regency(4))
            #expect(group.executed(place).count > 500)
        }
    }

    /// Member 3 is far away, and 0 lies: slow while it leads first, it votes for nothing afterwards, so that every quorum needs
    /// the far one, and is quick when it leads again. The least of what slow leaders took was its own.
    @Test("A liar among the slow leaders is not the measure of the others")
    func liarIsNotTheMeasure() throws {
        let group = try Group(checkpointPeriod: 64)
        let session = group.openSession(client)
        var held: [(at: Instant, parcel: Group.Parcel)] = []
        group.passes = { parcel in
            var delay: UInt64 = parcel.from == 3 || parcel.to == 3 ? 150 : 1
            if parcel.from == 0 {
                switch parcel.message {
                case .write, .accept, .decided: if group.status(1).epoch.regency > .first { return false }
                case .propose: if group.status(1).epoch.regency == .first { delay += 110 }
                default: break
                }
            }
            held.append((group.now.monotonic + .milliseconds(delay), parcel))
            return false
        }
        var stopped = Regency.first
        for step in 1...6_000 as ClosedRange<UInt64> {
            if step % 20 == 0 { group.submit(Samples.operation(client, session, step / 20)) }
            group.pass(milliseconds: 5)
            let due = held.filter { $0.at <= group.now.monotonic }
            held.removeAll { $0.at <= group.now.monotonic }
            for one in due { group.inject(one.parcel.message, from: one.parcel.from, to: one.parcel.to) }
            group.settle()
            let regency = group.status(1).epoch.regency
            guard regency > stopped, step % 100 == 0 else { continue }
            stopped = regency
            for to in 1...3 {
                group.inject(.stop(Stop(view: .genesis, regency: regency.next, reason: .slowLeader)), from: 0, to: to)
            }
        }
        #expect(group.status(1).epoch.regency <= Regency(5))
    }

    @Test("A leader that is as quick as the links allow is left alone")
    func quickLeader() throws {
        let group = try Group(checkpointPeriod: 64)
        run(group, milliseconds: 20_000, slow: [0], by: 20)
        for place in 0...3 { #expect(group.status(place).epoch.regency == .first) }
    }

    @Test("A leader that leaves one member's probes out is not replaced for that")
    func probesOfOneMember() throws {
        let group = try Group(checkpointPeriod: 64)
        let session = group.openSession(client)
        group.passes = { parcel in
            if case .probe = parcel.message { parcel.from != 3 || parcel.to != 0 } else { true }
        }
        for sequence in 1...100 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence))
            group.pass(milliseconds: 100)
        }
        #expect(reasons(group) == [.slowLeader])
        for place in 0...3 {
            #expect(group.status(place).epoch.regency == .first)
            #expect(group.executed(place).count == 100)
        }
    }

    @Test("Probes are ordered while there is work, at the pace of the setting, and leave nothing in the state")
    func probesAreVoid() throws {
        let group = try Group(checkpointPeriod: 1_000)
        let session = group.openSession(client)
        for sequence in 1...100 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence))
            group.pass(milliseconds: 100)
        }
        let steps = group.nodes[1].executions.flatMap(\.steps)
        #expect(steps.count == 101)
        let probes = group.nodes[1].executions.count(where: \.steps.isEmpty)
        #expect((15...60).contains(probes))
        let decided = group.status(1).decided
        group.pass(milliseconds: 10_000)
        #expect(group.status(1).decided <= decided + 3)
    }

    @Test("Probes take no request's place in a batch")
    func probesBesideRequests() throws {
        var settings = GroupSettings()
        settings.batchRequestsMax = 1
        settings.window = 1
        let group = Group(view: try Samples.view(settings: settings))
        let session = group.openSession(client)
        // The leader has one instance under way, so that all of this waits for the next.
        group.passes = { _ in false }
        group.submit(Samples.operation(client, session, 1), to: [0])
        group.submit(Samples.operation(client, session, 2), to: [0])
        for member in 1...3 { group.inject(.probe(Probe(sequence: SequenceNumber(7))), from: member, to: 0) }
        group.passes = { _ in true }
        group.submit(Samples.operation(client, session, 1), to: [1, 2, 3])
        group.submit(Samples.operation(client, session, 2), to: [1, 2, 3])
        let sent = group.record(0)
        group.pass(milliseconds: 1_000)
        let sizes = sent.messages.compactMap { if case .propose(let it) = $0 { it.batch.entries.count } else { nil } }
        #expect(sizes.contains(4))
        #expect(group.executed(1).count == 2)
    }

    @Test("A request larger than a batch may be travels alone but for probes")
    func probeBesideLargeRequest() throws {
        var settings = GroupSettings()
        settings.batchBytesMax = 1_024
        settings.requestBytesMax = 8_192
        settings.window = 1
        let group = Group(view: try Samples.view(settings: settings))
        let session = group.openSession(client)
        group.passes = { _ in false }
        for sequence in 1...2 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence, Bytes(repeating: 1, count: 4_096)), to: [0])
        }
        for member in 1...3 { group.inject(.probe(Probe(sequence: SequenceNumber(7))), from: member, to: 0) }
        group.passes = { _ in true }
        for sequence in 1...2 as ClosedRange<UInt64> {
            group.submit(
                Samples.operation(client, session, sequence, Bytes(repeating: 1, count: 4_096)), to: [1, 2, 3])
        }
        group.pass(milliseconds: 1_000)
        for place in 0...3 {
            #expect(group.executed(place).count == 2)
            #expect(group.status(place).epoch.regency == .first)
        }
    }

    @Test("A member that probes without pause is answered, and served, as often as others")
    func probesWithoutPause() throws {
        let group = try Group(checkpointPeriod: 1_000)
        _ = group.openSession(client)
        let decided = group.status(0).decided
        let sent = group.record(0)
        for sequence in 1...1_000 as ClosedRange<UInt64> {
            group.inject(.probe(Probe(sequence: SequenceNumber(sequence))), from: 3, to: 0)
            group.pass(milliseconds: 1)
        }
        let echoes = sent.messages.count { if case .probeEcho = $0 { true } else { false } }
        #expect(echoes <= 6)
        #expect(group.status(0).decided <= decided + 8)
    }

    // MARK: What a leader may take

    private func watch(_ trips: [(member: Int, milliseconds: UInt64)]) throws -> (SlowLeaderWatch, Instant) {
        let view = try Samples.view()
        var watch = SlowLeaderWatch(view: view, me: ReplicaIndex(3), timeouts: Timeouts())
        var now = Instant(1_000_000_000)
        for _ in 1...4 {
            let probe = watch.begin(at: now)
            for (member, milliseconds) in trips {
                watch.noteEcho(
                    ProbeEcho(sequence: probe.sequence), from: ReplicaIndex(member),
                    at: now + .milliseconds(milliseconds))
            }
            now = now + .seconds(1)
            watch.restart()
        }
        return (watch, now)
    }

    @Test("What a leader may take follows from the round trips to it and to a quorum")
    func allowed() throws {
        let (near, now) = try watch([(0, 1), (1, 1), (2, 1)])
        #expect(near.allowed(ReplicaIndex(0), at: now) == .milliseconds(100))
        let (far, _) = try watch([(0, 80), (1, 50), (2, 300)])
        #expect(far.allowed(ReplicaIndex(0), at: now) == .milliseconds((80 + 2 * 80) * 4))
    }

    @Test("A leader that answers late, or never, gains no more than one that is twice as far away as a quorum")
    func lateEchoes() throws {
        for late in [[(0, 900)], []] as [[(Int, UInt64)]] {
            let (watch, now) = try watch([(1, 50), (2, 60)] + late)
            #expect(watch.allowed(ReplicaIndex(0), at: now) == .milliseconds((120 + 2 * 60) * 4))
        }
    }

    @Test("While no quorum has answered, no leader is slow")
    func fewEchoes() throws {
        let (watch, now) = try watch([(0, 1)])
        #expect(watch.allowed(ReplicaIndex(0), at: now) == nil)
    }
}
