// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

@Suite("The version of the protocol that a group speaks (protocol §8)")
struct VersionTests {
    private let group: Group
    private let client = Samples.client(1)
    private let session: SessionID
    private let change: Change
    private static let first = ProtocolVersions(only: 1)

    init() throws {
        var settings = GroupSettings()
        settings.window = 4
        settings.checkpointPeriod = 16
        settings.protocolVersion = 1
        group = Group(view: try Samples.view(n: 4, f: 1, model: .byzantine, settings: settings))
        session = group.openSession(client)
        change = Change(group, by: Samples.client(2))
        group.order(client, session, 1...5)
    }

    private func upgrade(to version: UInt16) -> ReconfigurationResult? { result(of: .upgrade(version)) }

    private func result(of operation: GroupOperation) -> ReconfigurationResult? {
        let request = change.request(operation)
        group.submit(request)
        group.pass(milliseconds: 100)
        let verdicts = group.nodes[0].executions.flatMap(\.steps).filter { $0.request.id == request.request.id }
            .map(\.verdict)
        guard case .reconfigure(let result)? = verdicts.first else { return nil }
        return result
    }

    private func refusal(of version: UInt16) -> String {
        guard case .refused(let reason)? = upgrade(to: version) else { return "" }
        return reason
    }

    @Test("it rises once every member has said that it can, and nobody votes meanwhile with less")
    func rises() {
        group.restart(3, mode: .learner, incarnation: 9, versions: Self.first)
        group.pass(milliseconds: 8_000)
        let view = group.status(0).view
        #expect((0..<4).map { view.versions(of: ReplicaID(UInt16($0))).highest } == [2, 2, 2, 1])
        #expect((0..<4).allSatisfy { group.status($0).mode == .voter && group.status($0).view == view })
        #expect(refusal(of: 2).contains("replica 3 speaks version 1 of the protocol as far as is known, not 2"))
        #expect(refusal(of: 3).contains("replica 0 speaks version 1 to 2"))
        #expect(refusal(of: 1).contains("never an earlier one again"))
        group.restart(3, mode: .learner, incarnation: 10)
        group.pass(milliseconds: 25_000)
        #expect(group.status(3).mode == .voter)
        guard case .follows? = upgrade(to: 2) else {
            Issue.record("it is refused")
            return
        }
        group.pass(milliseconds: 1_000)
        #expect((0..<4).allSatisfy { group.status($0).view.settings.protocolVersion == 2 })
        let number = group.status(0).view.number
        group.order(client, session, 6...20)
        group.pass(milliseconds: 15_000)
        #expect(group.executed(0).count == 20)
        #expect(group.status(0).view.number == number, "there is nothing to tell any more")
    }

    @Test("whom the group serves is changed from version 2 on only")
    func access() {
        let expelling = GroupOperation.access(.expel([Samples.client(3)]))
        guard case .refused(let reason)? = result(of: expelling) else {
            Issue.record("it is not refused")
            return
        }
        #expect(reason.contains("from version 2 of the protocol on, and it speaks 1: martlet admin upgrade"))
        group.pass(milliseconds: 8_000)
        for operation in [.upgrade(2), expelling] {
            guard case .follows? = result(of: operation) else {
                Issue.record("\(operation) is refused")
                return
            }
        }
    }

    @Test("what members say is their own word, once, and says no more than changes")
    func telling() {
        group.pass(milliseconds: 10_000)
        let view = group.status(0).view
        #expect(view.number == ViewNumber(5), "one view for each of the four")
        #expect(view.incarnations.map(\.number) == [0, 0, 0, 0])
        #expect(view.members == group.view.members && view.plan == group.view.plan)
        // A version that is none, or does not hold the group's own, is nobody's.
        for versions in [ProtocolVersions(only: 2), ProtocolVersions(lowest: 3, highest: 9)] {
            let rejoin = Rejoin(view: view.number, incarnation: 0, versions: versions)
            #expect(view.admitting(rejoin, of: ReplicaID(1), at: Timestamp(.max / 2)) == nil)
        }
        // Said again it waits, as any other incarnation does.
        let other = Rejoin(view: view.number, incarnation: 0, versions: Self.first)
        let admitted = view.incarnations[1].admitted
        #expect(view.admitting(other, of: ReplicaID(1), at: admitted) == nil)
        #expect(view.admitting(other, of: ReplicaID(1), at: Timestamp(admitted.rawValue + 10_000_000)) != nil)
        let same = Rejoin(view: view.number, incarnation: 0)
        #expect(view.admitting(same, of: ReplicaID(1), at: Timestamp(admitted.rawValue + 10_000_000)) == nil)
    }

    @Test("a replica that does not speak it executes nothing of that view, and says so", arguments: [true, false])
    func unspoken(isMember: Bool) {
        group.pass(milliseconds: 10_000)
        guard case .follows? = upgrade(to: 2) else {
            Issue.record("it is refused")
            return
        }
        let last = group.status(0).decided
        let place: Int
        if isMember {
            place = 2
            group.restart(2, mode: .learner, incarnation: 11, versions: Self.first)
        } else {
            group.submit(change.request(.add(Learner(Group.newcomer(4)))))
            group.pass(milliseconds: 50)
            place = group.join(4, toldBy: 1, versions: Self.first)
        }
        group.order(client, session, 6...20)
        group.pass(milliseconds: 5_000)
        #expect(group.nodes[place].unspoken?.version == 2)
        #expect(group.status(place).mode == .learner && group.status(place).decided <= last)
        #expect(group.executed(0).count == 20)
        #expect(group.status(0).view.index(of: group.nodes[place].id) == (isMember ? ReplicaIndex(2) : nil))
    }

    @Test("a REJOIN names versions that can be", arguments: [0, 1, 2] as [UInt16])
    func coding(lowest: UInt16) {
        let payload = Rejoin(view: ViewNumber(3), incarnation: 5).payload
        #expect(payload.count == Rejoin.payloadBytes && Rejoin(payload: payload)?.incarnation == 5)
        let bad = Array(payload.prefix(16)) + [0, UInt8(lowest), 0, 1]
        #expect((Rejoin(payload: bad) != nil) == (lowest == 1))
        #expect(Rejoin(payload: Array(payload.dropLast())) == nil)
    }
}
