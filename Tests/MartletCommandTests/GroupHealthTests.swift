// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes
import Testing

@testable import MartletClient
@testable import martlet_cli

@Suite struct GroupHealthTests {
    private let view: View

    init() throws { view = try Sample.founding(4).genesis().firstView(group: .zero) }

    private func status(
        _ id: UInt16, mode: ReplicaMode = .voter, regency: UInt64 = 1, executed: UInt64 = 10, isSynced: Bool = true,
        damages: UInt32 = 0, isDamaged: Bool = false, fetching: FetchingStatus? = nil, peers: [PeerReport] = []
    ) -> ReplicaStatus {
        ReplicaStatus(
            replica: ReplicaID(id), mode: mode, epoch: Epoch(view: .genesis, regency: Regency(regency)),
            isSynced: isSynced, leader: ReplicaID(UInt16(regency - 1) % 4), decided: Instance(executed),
            executed: Instance(executed), stableCheckpoint: .zero, highestKnown: Instance(executed), pendingRequests: 0,
            softwareVersion: "1", damagesFound: damages, isDamaged: isDamaged, fetching: fetching,
            peers: peers)
    }

    /// The members that are not named are unreachable.
    private func health(_ statuses: ReplicaStatus...) -> GroupHealth {
        GroupHealth(
            view: view,
            reports: view.members.map { member in
                let status = statuses.first { $0.replica == member.id }
                return MemberReport(
                    member: member,
                    answer: status.map { .value($0, roundTrip: .milliseconds(2)) } ?? .unreachable("nobody listens"))
            })
    }

    @Test func damagedDisksAreNamed() {
        let report = StatusReport(
            health: health(status(0, damages: 1), status(1, damages: 3, isDamaged: true), status(2)))
        #expect(report.text.contains("replica 0 has found its disk damaged in 1 place: all is mended"))
        let open = "not all is mended yet, and a restart before it is may cost its vote for a while"
        #expect(report.text.contains("replica 1 has found its disk damaged in 3 places: \(open)"))
        #expect(!report.text.contains("replica 2 has found"))
        #expect("\(report.json)".contains("\"damagesFound\":3"))
    }

    @Test func whoFetchesAStateIsNamed() {
        let begun = FetchingStatus(instance: Instance(256), bytesHeld: 0, bytesTotal: 0, secondsLeft: nil)
        let half = FetchingStatus(instance: Instance(512), bytesHeld: 500, bytesTotal: 1_000, secondsLeft: 7)
        let report = StatusReport(
            health: health(status(0), status(1), status(2, fetching: begun), status(3, fetching: half)))
        #expect(report.text.contains("replica 2 fetches the state after instance 256\n"))
        #expect(
            report.text.contains(
                "replica 3 fetches the state after instance 512: 50 % of 1000 bytes, about 7 s to go"))
        #expect(!report.text.contains("replica 0 fetches"))
        #expect("\(report.json)".contains("\"secondsLeft\":7"))
    }

    @Test func whoIsOutOfReachIsNamedByThoseWhoSaySo() {
        let peers = { (seconds: [UInt32?]) in
            seconds.enumerated().map {
                PeerReport(
                    replica: ReplicaID(UInt16($0)), isLearner: false, decided: Instance(7), unreachableSeconds: $1)
            }
        }
        let report = StatusReport(
            health: health(
                status(0, peers: peers([nil, nil, nil, 95])), status(1, peers: peers([nil, nil, nil, 12])),
                status(2, peers: peers([nil, 3, nil, nil]))))
        #expect(report.text.contains("replica 3 has been out of reach of replicas 0,1 for 95 s\n"))
        #expect(report.text.contains("replica 1 has been out of reach of replica 2 for 3 s\n"))
        #expect(!report.text.contains("replica 0 has been out"))
        #expect(
            "\(report.json)".contains(
                #""unreachableFrom":[{"replica":0,"seconds":95},{"replica":1,"seconds":12}]"#))
    }

    @Test func aQuorumOfVotersServes() {
        #expect(health(status(0), status(1), status(2)).isServing)
        #expect(!health(status(0), status(1)).isServing)
        #expect(!health().isServing)
        #expect(!health(status(0), status(1), status(2, mode: .learner), status(3, mode: .learner)).isServing)
    }

    @Test func itIsToldHowMuchIsStillTolerated() {
        #expect(health(status(0), status(1), status(2), status(3)).sentence.hasSuffix("leads in regency 1"))
        let learner = health(status(0), status(1), status(2), status(3, mode: .learner))
        #expect(learner.sentence.hasSuffix("; 1 without a vote, so it tolerates no further fault"))
        #expect(health(status(0), status(1), status(2)).sentence.hasSuffix("tolerates no further fault"))
    }

    @Test func aGroupBetweenLeadersDoesNotServe() {
        let changing = health(status(0, regency: 2, isSynced: false), status(1, regency: 2), status(2, regency: 2))
        #expect(!changing.isServing)
        #expect(changing.sentence.contains("still agreeing on a leader"))
        #expect(!health(status(0), status(1), status(2, regency: 2)).isServing)
    }

    @Test func theLeaderIsThatOfTheNewestRegency() {
        let health = health(status(0), status(1, regency: 2), status(2, regency: 2), status(3, regency: 2))
        #expect(health.leader == ReplicaID(1))
        #expect(health.isServing)
    }

    @Test func lagIsCountedFromTheFurthest() {
        let health = health(status(0, executed: 12), status(1, executed: 4))
        #expect(health.lag(of: status(1, executed: 4)) == 8)
        #expect(health.lag(of: status(0, executed: 12)) == 0)
    }

    @Test func aGroupThatForgotItsVotesHasEnded() {
        let all = (0..<4).map { status($0, mode: .learner) }
        #expect(health(all[0], all[1], all[2], all[3]).sentence.contains("the group has ended"))
        #expect(health(status(0), status(1), all[2], all[3]).sentence.contains("the group has ended"))
        #expect(!health(status(0), all[2], all[3]).sentence.contains("the group has ended"))
    }

    @Test func theTableNamesWhoIsMissingAndWhy() {
        let report = StatusReport(health: health(status(0), status(1), status(2)))
        #expect(report.table.rows[3] == ["3", "host3:7003", "unreachable"] + Array(repeating: "", count: 8))
        #expect(report.text.contains("replica 3 is unreachable: nobody listens\n3 of 4 replicas answer"))
        #expect(
            "\(report.json)".contains(#""id":3,"address":"host3:7003","reachable":false,"reason":"nobody listens""#))
    }

    @Test(
        arguments: [
            ([0x61], "a", #""a""#), ([], "", #""""#), ([0xff, 0x01], "0xff01", #"{"hex":"ff01"}"#),
            ([0x0a], "0x0a", #"{"hex":"0a"}"#),
        ] as [(Bytes, String, String)])
    func bytesAreShownAsTextOrDigits(bytes: Bytes, shown: String, json: String) {
        #expect(PrintableBytes.shown(bytes) == shown)
        #expect("\(PrintableBytes.json(bytes))" == json)
    }
}
