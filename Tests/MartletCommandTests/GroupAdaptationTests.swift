// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes
import Testing

@testable import martlet_cli

/// Four members, f = 1; replica 3 lies.
@Suite("What members tell of adaptation")
struct GroupAdaptationTests {
    private let view: View

    init() throws {
        let members = (0..<4).map { place in
            Member(
                id: ReplicaID(UInt16(place)), key: PublicKey(words: Words32(UInt64(place + 1), 0, 0, 0)),
                host: "127.0.0.1", port: 4_000 + place, isHeavy: place < 2)
        }
        view = try View(
            group: .zero, number: .genesis, faultModel: .byzantine, f: 1, members: members,
            leaderOrder: members.map(\.id), settings: GroupSettings())
    }

    private func row(_ microseconds: UInt32) -> LatencyReport {
        let latencies = Array(repeating: LinkLatency(microseconds), count: 4)
        return LatencyReport(proposals: latencies, votes: latencies)
    }

    private func record(
        at instance: UInt64 = 500, best: UInt64 = 7, reports: [LatencyReport?] = [], leader: UInt16 = 0,
        experience: Experience = Experience()
    ) -> CalculationRecord {
        CalculationRecord(
            input: CalculationInput(
                view: .genesis, instance: Instance(instance), leader: ReplicaID(leader), excluded: [], reports: reports,
                experience: experience),
            outcome: CalculationOutcome(
                view: .genesis, instance: Instance(instance), reason: .goodEnough, leaderOrder: view.leaderOrder,
                heavy: view.heavyMembers, predictions: .init(current: 9, best: best, median: 9, worst: 9)),
            fate: .unchanged, observed: nil)
    }

    private func report(
        _ replica: UInt16, _ calculations: [CalculationRecord], view number: UInt64 = 1, decided: UInt64 = 600
    ) -> AdaptationReport {
        AdaptationReport(
            replica: ReplicaID(replica), epoch: Epoch(view: ViewNumber(number), regency: .first),
            decided: Instance(decided), observed: 8,
            calculations: calculations)
    }

    private func group(_ reports: [AdaptationReport]) -> GroupAdaptation {
        GroupAdaptation(
            view: view,
            answers: reports.map { report in
                MemberAnswer(
                    member: view.members[Int(report.replica.rawValue)],
                    answer: .value(report, roundTrip: .milliseconds(1)))
            })
    }

    private var suspecting: Experience {
        var experience = Experience()
        experience.suspicions = [
            Suspicion(
                replica: ReplicaID(2), accusations: [Instance(500)], accusers: 2, times: 1, until: Instance(9_000))
        ]
        experience.rejected = [
            RejectedAssignment(leader: ReplicaID(1), heavy: [ReplicaID(1), ReplicaID(3)], until: Instance(7_000))
        ]
        return experience
    }

    @Test("Who is suspect, what was taken back, and how the last change went are told")
    func experience() {
        let record = CalculationRecord(
            input: record(experience: suspecting).input,
            outcome: CalculationOutcome(
                view: .genesis, instance: Instance(500), reason: .unpaid, leaderOrder: view.leaderOrder,
                heavy: view.heavyMembers, predictions: .init(current: 9, best: 7, median: 9, worst: 9),
                decided: [5_000, nil, 6_000, 7_000],
                comparison: .init(medianBefore: 4_000, medianAfter: 6_000, members: 3, worse: 2)),
            fate: .due, observed: nil)
        let text = AdaptationReportText(group: group((0...2).map { report($0, [record]) }))
        let explanation = text.explanation
        #expect(explanation.contains("neither to lead nor to be heavy, since others find their votes later"))
        #expect(explanation.contains("not before instance 7000, since it did not pay: 1 leads, heavy are 1, 3"))
        #expect(explanation.contains("decide 6.00 ms after the proposal, before it 4.00 ms"))
        #expect(explanation.contains("for 2 of 3"))
        let json = text.json.description
        #expect(json.contains(#""suspects":[2]"#) && json.contains(#""decidedMicroseconds":[5000,null,6000,7000]"#))
    }

    private var honest: [AdaptationReport] {
        (0...2).map { report($0, [record(reports: Array(repeating: row(5), count: 4))]) }
    }

    @Test("What f+1 members tell is told, with the reports that f+1 of them have")
    func agreed() {
        let group = group(honest)
        #expect(group.calculations == [record(reports: Array(repeating: row(5), count: 4))])
        #expect(group.dissenters.isEmpty)
        #expect(!AdaptationReportText(group: group).explanation.isEmpty)
    }

    @Test("A liar that tells something else, the same thing twice, or other reports changes nothing but its own name")
    func liar() {
        let expected = group(honest).calculations
        let lies = [
            report(3, [record(best: 1)]), report(3, [record(best: 1), record(best: 1)]),
            report(3, [record(reports: Array(repeating: row(1), count: 4))]),
            report(3, [record(reports: Array(repeating: row(1), count: 9))]),
            report(3, [record(best: 1)], view: .max), report(3, [record(best: 1)], decided: .max),
            report(3, [record(at: .max)]), report(3, [record(leader: 2)]), report(3, [record(experience: suspecting)]),
        ]
        for lie in lies {
            let group = group(honest + [lie])
            #expect(group.calculations == expected)
            let text = AdaptationReportText(group: group)
            #expect(!text.explanation.isEmpty && !text.history.isEmpty && !text.json.description.isEmpty)
        }
        for lie in [lies[0], lies[7], lies[8]] { #expect(group(honest + [lie]).dissenters == [ReplicaID(3)]) }
        #expect(group([lies[4]]).newest == nil)
    }
}
