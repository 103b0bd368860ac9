// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Whose votes come steadily later than what is agreed of their links allows (adaptation §7): what a member answers to
/// challenges may be quicker than what it votes. One instance in some is looked at; which ones is this replica's secret, so that
/// nobody can be quick in those alone.
package struct LatenessMonitor: Sendable {
    /// Of so many of them a member's share is told, when at least half as many are known.
    static let remembered = 16
    /// So many may be open at a time.
    static let openMax = 16
    /// A vote is not late before it is half as long again under way as its links are, and so much besides.
    static let slackMin: Int64 = 5_000

    /// What is seen of one instance.
    private struct Sample: Sendable {
        let instance: Instance
        var proposal: (digest: Digest, at: Instant)?
        /// This replica's own first vote for what was proposed: from then on the others' are due.
        var began: Instant?
        /// The first of each member, whatever it is for: only what was proposed counts, as is known later.
        var writes: ReplicaTable<Vote?>
        var accepts: ReplicaTable<Vote?>

        struct Vote: Sendable {
            let digest: Digest
            let at: Instant
        }
    }

    /// Whether each member was late in the last samples: bit 0 is the newest.
    private struct Record: Sendable {
        var bits: UInt64 = 0
        var count = 0

        mutating func note(_ isLate: Bool) {
            bits = (bits << 1 | (isLate ? 1 : 0)) & ((1 << UInt64(LatenessMonitor.remembered)) - 1)
            count = min(LatenessMonitor.remembered, count + 1)
        }

        var isLate: Bool { 2 * count >= LatenessMonitor.remembered && 2 * bits.nonzeroBitCount > count }
    }

    private let me: ReplicaIndex
    private let rule: QuorumRule
    private let weights: [UInt64]
    private let slack: Int64
    /// How long after its own vote a replica waits for the others'.
    private let patience: Interval
    /// Which instances are looked at; nil while no random number has come.
    private var secret: UInt64?
    private var open: [Sample] = []
    private var records: ReplicaTable<Record>
    private var links: LinkTable?
    private var leader = ReplicaIndex(0)
    /// No instance before is looked at: what was under way when the present leader began tells nothing of it, nor does one
    /// whose first votes were not kept, as there was no room. And what was judged is done with.
    private var first = Instance(1)

    package init(view: View, me: ReplicaIndex, patience: Interval) {
        self.me = me
        rule = view.quorum
        weights = (0..<view.n).map { view.weight(of: ReplicaIndex($0)).rawValue }
        slack = max(Self.slackMin, Int64(view.settings.goalMicroseconds))
        self.patience = patience
        records = ReplicaTable(repeating: Record(), count: view.n)
    }

    /// How many votes are kept, at most.
    package var count: Int { open.count * 2 * weights.count }

    /// Who is steadily late.
    package var late: ReplicaSet {
        ReplicaSet(records.indices.filter { records[ReplicaIndex($0)].isLate }.map { ReplicaIndex($0) })
    }

    package var needsSecret: Bool { secret == nil }
    /// Instances up to that one may have begun before, and are not looked at; so too below.
    package mutating func begin(secret: UInt64, after instance: Instance) {
        self.secret = secret
        first = max(first, instance.next)
    }

    /// What is agreed of the links has changed, by the last report of each member.
    package mutating func note(_ reports: [LatencyReport?], after instance: Instance) {
        if links == nil { first = max(first, instance.next) }
        links = LinkTable(reports)
    }

    /// Another leader, whose first instances are not looked at.
    package mutating func begin(leader: ReplicaIndex, after instance: Instance) {
        self.leader = leader
        first = instance.next
        open.removeAll()
    }

    // MARK: What is seen

    package mutating func noteProposal(_ digest: Digest, at instance: Instance, _ now: Instant) {
        guard let place = place(of: instance), open[place].proposal == nil else { return }
        open[place].proposal = (digest, now)
    }

    /// This replica's own.
    package mutating func noteOwnVote(at instance: Instance, _ now: Instant) {
        guard let place = place(of: instance), open[place].began == nil else { return }
        open[place].began = now
    }

    package mutating func noteWrite(_ digest: Digest, of member: ReplicaIndex, at instance: Instance, _ now: Instant) {
        guard let place = place(of: instance), open[place].writes[member] == nil else { return }
        open[place].writes[member] = Sample.Vote(digest: digest, at: now)
    }

    package mutating func noteAccept(_ digest: Digest, of member: ReplicaIndex, at instance: Instance, _ now: Instant) {
        guard let place = place(of: instance), open[place].accepts[member] == nil else { return }
        open[place].accepts[member] = Sample.Vote(digest: digest, at: now)
    }

    /// Where the instance is kept; nil when it is not looked at.
    private mutating func place(of instance: Instance) -> Int? {
        guard isLookedAt(instance) else { return nil }
        // The newest are asked for most.
        if let place = open.lastIndex(where: { $0.instance == instance }) { return place }
        guard instance >= first else { return nil }
        guard open.count < Self.openMax else {
            first = instance.next
            return nil
        }
        let none = ReplicaTable<Sample.Vote?>(repeating: nil, count: weights.count)
        let place = open.lastIndex { $0.instance < instance }.map { $0 + 1 } ?? 0
        open.insert(Sample(instance: instance, writes: none, accepts: none), at: place)
        return place
    }

    private func isLookedAt(_ instance: Instance) -> Bool {
        guard let secret, links != nil else { return false }
        // One in eight: every bit of the number has its part in the three highest ones.
        let mixed = (instance.rawValue ^ secret) &* 0x9E37_79B9_7F4A_7C15
        return ((mixed ^ mixed >> 32) &* 0xD6E8_FEB8_6659_FD93) >> 61 == 0
    }

    // MARK: What is made of it

    /// Judges all samples that the others have had time for. What was not decided here by then, or never proposed, is nobody's
    /// fault that could be told.
    package mutating func judge(decided: Instance, at now: Instant) {
        while let sample = open.first, sample.instance <= decided {
            if let began = sample.began, sample.proposal != nil {
                guard now.since(began) >= patience || isComplete(sample) else { return }
            }
            open.removeFirst()
            first = max(first, sample.instance.next)
            if let links, let began = sample.began, let proposal = sample.proposal {
                note(lateMembers(sample, proposal.digest, proposal.at, began, links))
            }
        }
    }

    private func isComplete(_ sample: Sample) -> Bool {
        sample.accepts.all.allSatisfy { $0 != nil }
            && (rule.faultModel == .crash || sample.writes.all.allSatisfy { $0 != nil })
    }

    /// If more are late than can be faulty, it is this replica that is, or the links have changed. But a leader that is late itself
    /// may have kept its proposal from f others: then it is that one, and of the others nothing is known.
    private mutating func note(_ found: (late: ReplicaSet, known: ReplicaSet)) {
        var (late, known) = found
        if late.contains(leader) {
            var others = late
            others.remove(leader)
            guard others.count <= rule.f else { return }
            for other in others { known.remove(other) }
            late = ReplicaSet([leader])
        }
        guard late.count <= rule.f else { return }
        for member in known { records[member].note(late.contains(member)) }
    }

    /// All times are counted in microseconds from when this replica could vote. Then the proposal was as far on its way to the
    /// others as the links say, from a moment before: what keeps a replica from voting on the spot, as a client's request that is
    /// not there yet, mostly keeps the others too.
    private func lateMembers(
        _ sample: Sample, _ digest: Digest, _ proposed: Instant, _ began: Instant, _ links: LinkTable
    ) -> (late: ReplicaSet, known: ReplicaSet) {
        var (late, known) = (ReplicaSet(), ReplicaSet())
        guard let way = links.ofProposals(leader.position, me.position) else { return (late, known) }
        func time(_ vote: Sample.Vote?) -> Int64? {
            vote.flatMap { $0.digest == digest ? Self.microseconds(from: began, to: $0.at) : nil }
        }
        let written = sample.writes.all.map(time)
        let quorums = rule.faultModel == .byzantine ? quorumTimes(written, links) : nil
        for position in weights.indices where position != me.position {
            let member = ReplicaIndex(position)
            guard let there = links.ofProposals(leader.position, position),
                let here = links.ofVotes(position, me.position)
            else { continue }
            let allowance = (there + here) / 2 + slack
            known.insert(member)
            if let quorums {
                if (written[position] ?? .max) > there - way + here + allowance { late.insert(member) }
                guard let quorum = quorums[position] else { continue }
                if (time(sample.accepts[member]) ?? .max) > quorum + here + allowance { late.insert(member) }
            } else if (time(sample.accepts[member]) ?? .max) > there - way + here + allowance {
                late.insert(member)
            }
        }
        let sent = Self.microseconds(from: began, to: proposed) - way
        if isLate(proposalSent: sent, written, links) { late.insert(leader) }
        return (late, known)
    }

    /// When each member has had the WRITEs that came here, the last one too: a liar may keep its own from one member, whose
    /// ACCEPT is late then and who is not to blame. Nil where that was no quorum, or cannot be told.
    private func quorumTimes(_ written: [Int64?], _ links: LinkTable) -> [Int64?] {
        let sent = written.enumerated().map { sender, time -> Int64? in
            // This replica's own are sent when it votes.
            if sender == me.position { return 0 }
            guard let time, let way = links.ofVotes(sender, me.position) else { return nil }
            return time - way
        }
        return weights.indices.map { receiver in
            guard receiver != me.position else { return nil }
            var (last, sum) = (Int64.min, 0 as UInt64)
            for (sender, time) in sent.enumerated() {
                guard let time, let way = links.ofVotes(sender, receiver) else { continue }
                last = max(last, time + way)
                sum += weights[sender]
            }
            return sum >= rule.quorumWeight.rawValue ? last : nil
        }
    }

    /// Whether the leader sent its proposal here later than to others: f+1 others had it by when their WRITEs tell, one of
    /// them correct.
    private func isLate(proposalSent sent: Int64, _ written: [Int64?], _ links: LinkTable) -> Bool {
        guard rule.faultModel == .byzantine, leader != me else { return false }
        var others: [Int64] = []
        for (position, time) in written.enumerated() where position != me.position && position != leader.position {
            guard let time, let here = links.ofVotes(position, me.position),
                let there = links.ofProposals(leader.position, position)
            else { continue }
            others.append(time - here - there)
        }
        others.sort()
        guard others.count > rule.f, let way = links.ofProposals(leader.position, me.position) else { return false }
        return sent > others[rule.f] + way / 2 + slack
    }

    private static func microseconds(from: Instant, to: Instant) -> Int64 {
        to >= from
            ? Int64(clamping: to.since(from).nanoseconds / 1_000) : -Int64(clamping: from.since(to).nanoseconds / 1_000)
    }
}
