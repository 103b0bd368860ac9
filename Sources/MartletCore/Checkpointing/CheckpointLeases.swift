// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// For whom this replica keeps a checkpoint and the decisions after it, though newer ones are stable (protocol §7): whoever fetches
/// a state while the group is at work would otherwise find it gone each time. One lease a member, and only for a while after
/// it last asked for anything. What that may hold is bounded: the checkpoints by `countMax`, the decisions by bytes
/// (`DecisionArchive`), and the time by what the state takes to be sent.
package struct CheckpointLeases: Sendable {
    private struct Lease: Sendable {
        /// Nil once the state is taken over, and only decisions are wanted.
        let checkpoint: CheckpointName?
        /// Decisions after that instance are wanted.
        let after: Instance
        var renewed: Instant
    }

    /// How long a member has had leases: it runs up while it has one, and down while it has none.
    private struct Time: Sendable {
        var spent = Interval.zero
        var at = Instant.zero
        var isOver = false
    }

    /// So many lifetimes a member may have leases at least before it has to wait, and so many times what the state takes at full pace.
    package static let lifetimesMin: UInt64 = 60
    package static let timesMax: UInt64 = 30

    /// So many checkpoints are kept at most: one more than there may be liars, of whom each holds one. None that somebody still wants goes
    /// for another.
    package private(set) var countMax: Int
    private let lifetime: Interval
    private var leases: ReplicaTable<Lease?>
    private var times: ReplicaTable<Time>
    /// Of the checkpoints that are kept, as far as they are known to be stable.
    private var certificates: [CheckpointCertificate] = []
    /// Of the state that was served last.
    private var stateBytes = 0

    package init(view: View, count: Int, lifetime: Interval) {
        countMax = Self.countMax(of: view)
        self.lifetime = lifetime
        leases = ReplicaTable(repeating: nil, count: count)
        times = ReplicaTable(repeating: Time(), count: count)
    }

    /// Learners may lie too.
    private static func countMax(of view: View) -> Int { view.f + 1 + view.learners.count }

    package mutating func follow(_ view: View) { countMax = Self.countMax(of: view) }

    package mutating func follow(_ move: PeerMove) {
        leases.follow(move, fresh: nil)
        times.follow(move, fresh: Time())
        forgetCertificates()
    }

    package var count: Int { leases.all.count { $0 != nil } }

    package func isHeld(by member: ReplicaIndex) -> Bool { leases[member] != nil }

    /// False when it cannot have that one: as many others are kept for others, or its time is over.
    @discardableResult
    package mutating func renew(_ checkpoint: CheckpointName, for member: ReplicaIndex, at now: Instant) -> Bool {
        settle(member, at: now)
        guard !times[member].isOver else { return false }
        let others = kept(besidesThatOf: member)
        guard others.contains(checkpoint) || others.count < countMax else { return false }
        leases[member] = Lease(checkpoint: checkpoint, after: checkpoint.instance, renewed: now)
        forgetCertificates()
        return true
    }

    /// It has the state, and goes on from there. Nobody gets a lease by this alone.
    package mutating func renew(decisionsFrom first: Instance, for member: ReplicaIndex, at now: Instant) {
        guard leases[member] != nil, first > .zero else { return }
        leases[member] = Lease(checkpoint: nil, after: first.previous, renewed: now)
        forgetCertificates()
    }

    /// It has that state, or is still fetching it, and can take nothing now. False when it has no lease of it.
    package mutating func keep(after checkpoint: CheckpointName, for member: ReplicaIndex, at now: Instant) -> Bool {
        guard let lease = leases[member],
            lease.checkpoint.map({ $0 == checkpoint }) ?? (lease.after >= checkpoint.instance)
        else { return false }
        leases[member]?.renewed = now
        return true
    }

    package mutating func note(stable certificate: CheckpointCertificate) {
        guard leases.all.contains(where: { $0?.checkpoint == certificate.name }),
            !certificates.contains(where: { $0.name == certificate.name })
        else { return }
        certificates.append(certificate)
    }

    package mutating func note(stateBytes bytes: Int) { stateBytes = bytes }

    // MARK: Ending

    /// Those not renewed for so long, or had for too long. Returns whether there were any.
    package mutating func end(at now: Instant) -> Bool {
        endThose { leases, member in
            leases.settle(member, at: now)
            return leases.times[member].isOver || now.since(leases.leases[member]?.renewed ?? now) >= leases.lifetime
        }
    }

    /// Those of which the decisions are not all kept.
    package mutating func end(where isBroken: (Instance) -> Bool) -> Bool {
        endThose { leases, member in leases.leases[member].map { isBroken($0.after) } ?? false }
    }

    private mutating func endThose(_ isOver: (inout CheckpointLeases, ReplicaIndex) -> Bool) -> Bool {
        var hasEnded = false
        for position in leases.indices {
            let member = ReplicaIndex(position)
            guard leases[member] != nil, isOver(&self, member) else { continue }
            leases[member] = nil
            hasEnded = true
        }
        if hasEnded { forgetCertificates() }
        return hasEnded
    }

    /// When the next one ends, unless it is renewed.
    package var deadline: Instant? {
        var earliest: Instant?
        for position in leases.indices {
            let member = ReplicaIndex(position)
            guard let lease = leases[member] else { continue }
            let left = timeMax.beyond(times[member].spent)
            earliest = min(earliest ?? .distantFuture, min(lease.renewed + lifetime, times[member].at + left))
        }
        return earliest
    }

    private var timeMax: Interval {
        let atFullPace = UInt64(stateBytes) * CheckpointServing.nanosecondsPerByte
        return max(lifetime * Self.lifetimesMin, Interval(nanoseconds: atFullPace * Self.timesMax))
    }

    private mutating func settle(_ member: ReplicaIndex, at now: Instant) {
        var time = times[member]
        let passed = now.since(time.at)
        time.at = now
        if leases[member] != nil {
            time.spent = time.spent + passed
        } else {
            time.spent = time.spent.beyond(passed)
        }
        if time.spent >= timeMax { time.isOver = true } else if time.spent * 2 <= timeMax { time.isOver = false }
        times[member] = time
    }

    // MARK: What is kept

    /// Decisions after that instance are wanted by somebody.
    package var oldest: Instance? { leases.all.compactMap { $0?.after }.min() }

    package func holds(_ checkpoint: CheckpointName) -> Bool { leases.all.contains { $0?.checkpoint == checkpoint } }

    /// After which instances checkpoints are kept, ascending.
    package var checkpoints: [Instance] { kept(besidesThatOf: nil).map(\.instance).sorted() }

    /// The newest of them that is known to be stable, from that instance on.
    package func newest(from instance: Instance) -> CheckpointCertificate? {
        certificates.filter { $0.instance >= instance }.max { $0.instance < $1.instance }
    }

    private func kept(besidesThatOf member: ReplicaIndex?) -> [CheckpointName] {
        var names: [CheckpointName] = []
        for position in leases.indices where position != member?.position {
            guard let name = leases[ReplicaIndex(position)]?.checkpoint, !names.contains(name) else { continue }
            names.append(name)
        }
        return names
    }

    private mutating func forgetCertificates() {
        let kept = kept(besidesThatOf: nil)
        certificates.removeAll { !kept.contains($0.name) }
    }
}

extension Interval {
    /// What is left of it after the other.
    fileprivate func beyond(_ other: Interval) -> Interval {
        Interval(nanoseconds: nanoseconds - min(nanoseconds, other.nanoseconds))
    }
}
