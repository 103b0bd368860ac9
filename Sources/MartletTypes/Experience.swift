// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What a group has learnt of its members and of its own changes (adaptation §7). A deterministic function of what was ordered,
/// so it is equal at all replicas and part of every checkpoint. Lengths of time are counted in instances.
package struct Experience: Hashable, Sendable {
    /// Of members that were accused of being late, by ascending id.
    package var suspicions: [Suspicion] = []
    /// What was before the last change of leader or weights, as long as that is on trial.
    package var former: FormerAssignment?
    /// What did not pay, in the order in which it was taken back.
    package var rejected: [RejectedAssignment] = []
    /// How often a change was taken back, less those that have paid since: with each an assignment lasts twice as long.
    package var setbacks: Int = 0
    /// The last instance before leader and weights became what they are; a view in which they stay the same does not count.
    package var changed = Instance.zero

    package init() {}

    /// So many are remembered; the oldest is forgotten.
    package static let rejectedMax = 16
    package static let setbacksMax = 5
    /// A change is on trial until it was judged in so many calculations.
    package static let trialCalculations = 6
    /// Where too few members tell, for so many calculations at most.
    package static let trialCalculationsMax = 24

    /// Who is neither to lead nor to be heavy at that instance: f members at most, or correct ones could be driven out; those
    /// that have been suspect longest, among equals those that most others accuse, then the smallest id. Whoever is so stays so
    /// until its time is over: by accusing now one, now another nobody can make the group change to and fro.
    package func suspects(at instance: Instance, f: Int) -> [ReplicaID] {
        let all = suspicions.filter { $0.until > instance }
            .sorted { ($0.since, $1.accusers, $0.replica) < ($1.since, $0.accusers, $1.replica) }
        return all.prefix(f).map(\.replica).sorted()
    }

    package func rejected(at instance: Instance) -> [RejectedAssignment] { rejected.filter { $0.until > instance } }

    /// How long an assignment lasts at least before it is left for something that is only better.
    package func patience(calculationPeriod period: Int) -> Int { period * ((2 << setbacks) - 1) }
}

/// That a member votes later than what was reported of its links allows, by the word of f+1 others.
package struct Suspicion: Hashable, Sendable {
    /// A member is suspect when so many calculations out of the number after find it accused. More than two: while the
    /// reports of a link that has changed are on their way, they accuse whoever is at its end.
    package static let accusationsNeeded = 3
    package static let calculationsLookedBack = 6
    package static let timesMax = 6

    package let replica: ReplicaID
    /// After which instances it was found accused: the last `accusationsNeeded`, ascending.
    package var accusations: [Instance]
    /// By how many members the last time.
    package var accusers: Int
    /// How often it has become suspect.
    package var times: Int
    /// After which instance it became suspect the last time; 0 if it never was.
    package var since: Instance
    /// It is suspect before this instance; 0 if it never was.
    package var until: Instance

    package init(
        replica: ReplicaID, accusations: [Instance] = [], accusers: Int = 0, times: Int = 0, since: Instance = .zero,
        until: Instance = .zero
    ) {
        self.replica = replica
        self.accusations = accusations
        self.accusers = accusers
        self.times = times
        self.since = since
        self.until = until
    }
}

/// Who led and was heavy before the last change, and how that went.
package struct FormerAssignment: Hashable, Sendable {
    package let leader: ReplicaID
    /// By ascending id.
    package let heavy: [ReplicaID]
    /// What was predicted for it when it was left, in microseconds.
    package let predicted: UInt64
    /// When members decided, in microseconds after the leader's proposal; by ascending id, of those that told.
    package let decided: [MemberTime]
    /// In how many calculations enough members have told how it goes since.
    package var judged: Int

    /// No time is longer: twelve days.
    package static let microsecondsMax: UInt64 = 1 << 40

    package struct MemberTime: Hashable, Sendable {
        package let replica: ReplicaID
        package let microseconds: UInt64

        package init(replica: ReplicaID, microseconds: UInt64) {
            self.replica = replica
            self.microseconds = microseconds
        }
    }

    package init(
        leader: ReplicaID, heavy: [ReplicaID], predicted: UInt64, decided: [MemberTime], judged: Int = 0
    ) {
        self.leader = leader
        self.heavy = heavy
        self.predicted = predicted
        self.decided = decided
        self.judged = judged
    }
}

/// An assignment that was tried and did not pay.
package struct RejectedAssignment: Hashable, Sendable {
    package let leader: ReplicaID
    /// By ascending id.
    package let heavy: [ReplicaID]
    /// Not to be chosen before this instance.
    package let until: Instance

    package init(leader: ReplicaID, heavy: [ReplicaID], until: Instance) {
        self.leader = leader
        self.heavy = heavy
        self.until = until
    }
}
