// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Whether the leader orders much later than the links explain (protocol §9). Now and then this replica has the leader
/// order a probe of its own and compares how long that takes with what the round trips to the others allow. Where a
/// client's request was lacking meanwhile, that may be why (`isExcused`); otherwise no client can make a leader look slow.
/// Of f+1 leaders that were slow one after the other one at least is correct: then it is the group, and the slowest of the
/// best f+1 is the measure for a while.
package struct SlowLeaderWatch: Sendable {
    /// So many probes in a row must be slow.
    static let slowProbesMax = 4
    /// What a probe may take is so many times what the links explain.
    static let tolerance: UInt64 = 4

    package struct Verdict: Hashable, Sendable {
        /// How long the quickest of the last probes took, and how long each might.
        package let took: Interval
        package let allowed: Interval
        /// Whether a client's request was lacking meanwhile: then that may be why.
        package let isExcused: Bool
    }

    private struct Outstanding: Sendable {
        let sequence: SequenceNumber
        let sent: Instant
        /// Whether it already counted as slow while it waited.
        var wasLate = false
        var isExcused = false
    }

    private struct SlowProbe: Sendable {
        let took: Interval
        let isExcused: Bool
    }

    private struct SlowLeader: Sendable {
        var took: Interval
        var since: Instant
    }

    private let f: Int
    private let floor: Interval
    private let memory: Interval
    private var last = SequenceNumber(0)
    private var outstanding: Outstanding?
    /// The slow ones of the present leader, one after the other.
    private var slow: [SlowProbe] = []
    private var slowLeaders: ReplicaTable<SlowLeader?>
    private(set) var roundTrips: RoundTrips

    package init(view: View, me: ReplicaIndex, timeouts: Timeouts) {
        f = view.f
        // Below half a request's first stage the leader is quick enough for anyone, and a busy machine is no liar.
        floor = timeouts.requestMin / 2
        memory = timeouts.slowLeaders
        slowLeaders = ReplicaTable(repeating: nil, count: view.n)
        roundTrips = RoundTrips(view: view, me: me)
    }

    /// The probe that is not ordered yet; it may have been lost.
    package var waiting: Probe? { outstanding.map { Probe(sequence: $0.sequence) } }

    // MARK: Measuring

    package mutating func begin(at now: Instant) -> Probe {
        last = last.next
        outstanding = Outstanding(sequence: last, sent: now)
        roundTrips.noteProbe(last, at: now)
        return Probe(sequence: last)
    }

    package mutating func noteEcho(_ echo: ProbeEcho, from member: ReplicaIndex, at now: Instant) {
        roundTrips.noteEcho(echo.sequence, from: member, at: now)
    }

    package mutating func noteOrdered(_ sequence: SequenceNumber, under leader: ReplicaIndex, at now: Instant) {
        guard let probe = outstanding, probe.sequence == sequence else { return }
        outstanding = nil
        let took = now.since(probe.sent)
        if let allowed = allowed(leader, at: now), took > allowed {
            if !probe.wasLate { noteSlow(took, probe) }
        } else {
            slow.removeAll()
        }
    }

    private mutating func noteSlow(_ took: Interval, _ probe: Outstanding) {
        if slow.count == Self.slowProbesMax { slow.removeFirst() }
        slow.append(SlowProbe(took: took, isExcused: probe.isExcused))
    }

    /// A proposal lacks a client's request: that may be the client's doing, and what a probe takes meanwhile too.
    package mutating func noteLack() { outstanding?.isExcused = true }

    /// Another leader, or none that could be measured: what was under way says nothing.
    package mutating func restart() {
        outstanding = nil
        slow.removeAll()
    }

    /// Other weights from here on; what is known of links and of slow leaders stays.
    package mutating func begin(_ view: View) {
        restart()
        roundTrips.begin(view)
    }

    // MARK: Judging

    /// Once a period. A probe that still waits, longer than it may, counts in each.
    package mutating func judge(_ leader: ReplicaIndex, at now: Instant) -> Verdict? {
        guard let allowed = allowed(leader, at: now) else { return nil }
        if let probe = outstanding, now.since(probe.sent) > allowed {
            noteSlow(now.since(probe.sent), probe)
            outstanding?.wasLate = true
        }
        guard slow.count == Self.slowProbesMax, let took = slow.map(\.took).min(), took > allowed else { return nil }
        let isExcused = slow.contains { $0.isExcused }
        if !isExcused { slowLeaders[leader] = SlowLeader(took: took, since: now) }
        restart()
        return Verdict(took: took, allowed: allowed, isExcused: isExcused)
    }

    /// How long this leader may take for a probe; nil while too little is known of the links.
    ///
    /// With R the round trip to a quorum and l that to the leader: the probe is there after l/2; the proposal at the members of
    /// a quorum (l + R)/2 later, and their WRITEs at each other R later, since no way is longer than that by this replica;
    /// their ACCEPTs are here R/2 later. A leader that answers late to look far away gains no more than l = 2R.
    package func allowed(_ leader: ReplicaIndex, at now: Instant) -> Interval? {
        guard let toQuorum = roundTrips.toQuorum else { return nil }
        let toLeader = min(roundTrips.roundTrip(to: leader) ?? toQuorum * 2, toQuorum * 2)
        let usual = max(floor, (toLeader + toQuorum * 2) * Self.tolerance)
        let took = slowLeaders.all.compactMap { entry in
            entry.flatMap { now.since($0.since) < memory ? $0.took : nil }
        }
        // Not the least: that may be a liar's, who is quick while it leads and holds up others.
        return took.count > f ? max(usual, took.sorted()[f] * 2) : usual
    }
}
