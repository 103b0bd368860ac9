// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

@testable import MartletClient
@testable import martlet_cli

/// A replica on its way from learner to member, as who waits for it is told.
@Suite struct JoinWatchTests {
    private let first: View
    private let second: View
    private let third: View

    init() throws {
        first = try Sample.founding(4).genesis().firstView(group: .zero)
        let member = Member(id: ReplicaID(4), key: Sample.keys[5].publicKey, host: "host4", port: 7004, isHeavy: false)
        second = try first.following(.add(Learner(member, replacing: ReplicaID(2))))
        third = try #require(
            second.admitting(Rejoin(view: second.number, incarnation: 1), of: ReplicaID(4), at: Timestamp(1)))
    }

    private func status(_ id: UInt16, executed: UInt64, fetching: FetchingStatus? = nil) -> ReplicaStatus {
        ReplicaStatus(
            replica: ReplicaID(id), mode: id == 4 ? .learner : .voter, epoch: Epoch(view: .genesis, regency: .first),
            isSynced: true, leader: ReplicaID(0), decided: Instance(executed), executed: Instance(executed),
            stableCheckpoint: .zero, highestKnown: Instance(executed), pendingRequests: 0, softwareVersion: "1",
            fetching: fetching)
    }

    /// All members answer; the learner does when it is given a status.
    private func health(_ view: View, learner: ReplicaStatus? = nil, sights: [PeerSight] = []) -> GroupHealth {
        var health = GroupHealth(
            view: view,
            reports: view.audience.map { member in
                let status = view.index(of: member.id) != nil ? status(member.id.rawValue, executed: 100) : learner
                return MemberReport(
                    member: member,
                    answer: status.map { .value($0, roundTrip: .milliseconds(1)) } ?? .unreachable("nobody listens"))
            })
        health.sights = sights
        return health
    }

    @Test func eachNewWordIsSaidOnceUntilItIsAMember() async throws {
        let fetching = FetchingStatus(instance: Instance(64), bytesHeld: 50, bytesTotal: 1000, secondsLeft: nil)
        var steps = [
            health(second), health(second), health(second, learner: status(4, executed: 0, fetching: fetching)),
            health(second, learner: status(4, executed: 99)), health(second, learner: status(4, executed: 100)),
            health(third),
        ]
        var said: [String] = []
        let watch = JoinWatch(replica: ReplicaID(4), look: { steps.removeFirst() }, say: { said.append($0) })
        #expect(try await watch.follow(for: .seconds(60)) == .member(third.number))
        #expect(
            said == [
                "replica 4 is waited for at host4:7004: nobody listens",
                "replica 4 fetches the state: 5 % of 1000 bytes",
                "replica 4 follows, 1 instance behind", "replica 4 follows, and is close enough to be admitted",
            ])
    }

    @Test func itMayBeGivenUpMeanwhileOrBeLate() async throws {
        let gone = try second.following(.remove(ReplicaID(4)))
        let watch = JoinWatch(replica: ReplicaID(4), look: { health(gone) }, say: { _ in })
        #expect(try await watch.follow(for: .seconds(60)) == .gone(gone.number))
        let late = JoinWatch(replica: ReplicaID(4), look: { health(second) }, say: { _ in })
        #expect(
            try await late.follow(for: .milliseconds(1))
                == .late("replica 4 is waited for at host4:7004: nobody listens"))
    }

    @Test func statusTellsOfLearnersAndOfWhoIsOutOfReach() {
        let sight = { (witness: UInt16, replica: UInt16, decided: UInt64, seconds: UInt32?) in
            PeerSight(
                witness: ReplicaID(witness), replica: ReplicaID(replica), decided: Instance(decided),
                unreachableSeconds: seconds)
        }
        let joining = StatusReport(health: health(second, learner: status(4, executed: 88)))
        #expect(joining.table.rows[4].prefix(3) == ["4", "host4:7004", "joining"])
        #expect(
            joining.text.contains(
                "replica 4 joins the group, in the place of replica 2: 12 instances behind\n4 of 4 replicas answer"))
        #expect("\(joining.json)".contains(#""learners":[{"id":4,"replaces":2,"lag":12}]"#))
        // One of two is correct, so that the liar's word alone is worth nothing.
        let far = StatusReport(
            health: health(
                second,
                sights: [sight(0, 4, 1_000_000, 12), sight(1, 4, 60, nil), sight(3, 4, 50, 95), sight(0, 1, 7, nil)]))
        #expect(far.text.contains("replica 4 has been out of reach of replicas 0,3 for 95 s\n"))
        #expect(far.text.contains("in the place of replica 2: 40 instances behind\n"))
        #expect(!far.text.contains("replica 1 has been"))
        #expect("\(far.json)".contains(#""unreachableFrom":[{"replica":0,"seconds":12},{"replica":3,"seconds":95}]"#))
    }
}
