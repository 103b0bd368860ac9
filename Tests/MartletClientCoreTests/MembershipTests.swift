// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

/// Members come and go: replicas are numbered from 1, so that at first replica k is at position k − 1.
@Suite struct MembershipTests {
    private let second = ViewNumber(2)

    private func members(_ ids: UInt16...) -> [Member] { ids.map { testMember($0) } }

    // MARK: One change

    @Test func `a new member gets a link, what is in flight when that is up, and a voice`() {
        let rig = Rig()
        _ = rig.opened()
        let call = rig.call()
        let request = rig.takeRequests()[0]
        rig.tell([following(rig.view, members: members(1, 2, 3, 4, 5))])
        #expect(rig.takeAudience() == [1, 2, 3, 4, 5])
        let again = rig.takeSends()
        #expect(again.flatMap(\.requests) == [request] && again.map { rig.ids($0.targets) } == [[1, 2, 3, 4]])
        rig.step(.linkUp(ReplicaID(5), view: second))
        let late = rig.takeSends()
        #expect(late.flatMap(\.requests) == [request] && late.map { rig.ids($0.targets) } == [[5]])
        // Of five the first two weigh two each, and a quorum weighs five of seven.
        rig.reply(request, .result([7]), from: [3, 4, 5], view: second)
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .result([7]), from: [1], view: second)
        let completions = rig.takeCompletions()
        #expect(completions.map(\.call) == [call] && completions[0].outcome.bytes == [7])
        #expect(completions[0].outcome.certificate?.replicas.map(\.rawValue) == [1, 3, 4, 5])
        rig.reply(request, .result([7]), from: [2], view: second)
        #expect(rig.takeCompletions().isEmpty && rig.takeAudience() == nil)
    }

    @Test func `when the first leaves all others have other places, and its word counts no more`() {
        let rig = Rig(n: 5)
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([6]), from: [1, 5])
        rig.tell([following(rig.view, members: members(2, 3, 4, 5))])
        #expect(rig.takeAudience() == [2, 3, 4, 5])
        #expect(rig.takeSends().map { rig.ids($0.targets) } == [[2, 3, 4, 5]])
        rig.reply(request, .result([7]), from: [1, 2], view: second)
        rig.refuse(request, .accessDenied, from: [1])
        rig.reply(request, .result([7]), from: [1, 5], view: second)
        #expect(rig.takeCompletions().isEmpty, "two members, and one that is none")
        rig.refuse(request, .accessDenied, from: [3])
        #expect(rig.takeCompletions().isEmpty, "one member refuses")
        rig.reply(request, .result([7]), from: [4], view: second)
        #expect(rig.takeCompletions()[0].outcome.certificate?.replicas.map(\.rawValue) == [2, 4, 5])
    }

    @Test func `a member is replaced in its place, and the new one begins with nothing of the old one's`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.tell([following(rig.view, members: members(1, 9, 3, 4))])
        #expect(rig.takeAudience() == [1, 9, 3, 4])
        #expect(rig.takeSends().map { rig.ids($0.targets) } == [[1, 3, 4]], "its link is not up yet")
        rig.step(.linkDown(ReplicaID(2)))
        rig.step(.linkUp(ReplicaID(2)))
        #expect(rig.takeSends().isEmpty && rig.takeReads().isEmpty, "no link of a former member matters")
        rig.reply(request, .result([7]), from: [1, 3, 2], view: second)
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .result([7]), from: [9], view: second)
        #expect(rig.takeCompletions().count == 1)
    }

    @Test func `what was to be sent when the view changed goes to the same replicas at their new places`() {
        let rig = Rig(n: 5)
        _ = rig.opened()
        let waiting = rig.call([1])
        rig.call([2], kind: .read)
        #expect(rig.effects.sends.map { rig.ids($0.targets) } == [[1, 2, 3, 4, 5]])
        rig.tell([following(rig.view, members: members(5, 4, 3, 2))])
        let sends = rig.takeSends()
        #expect(sends.allSatisfy { Set(rig.ids($0.targets)) == [2, 3, 4, 5] })
        #expect(Set(sends.flatMap(\.requests)).count == 1)
        let reads = rig.takeReads()
        #expect(reads.allSatisfy { Set(rig.ids($0.targets)) == [2, 3, 4, 5] } && reads.count == 2)
        rig.reply(sends[0].requests[0], .result([7]), from: [2, 3, 4, 5], view: second)
        rig.answer(reads[0].request, [8], version: 1, from: [5, 4, 3], view: second)
        let completions = rig.takeCompletions()
        #expect(completions.map(\.outcome.bytes) == [[7], [8]] && completions[0].call == waiting)
    }

    @Test func `what was to be sent to nobody but former members is not sent`() {
        let rig = Rig(n: 5)
        _ = rig.opened()
        for id in 2...5 as ClosedRange<UInt16> { rig.step(.linkDown(ReplicaID(id))) }
        rig.call()
        #expect(rig.effects.sends.map { rig.ids($0.targets) } == [[1]])
        rig.tell([following(rig.view, members: members(2, 3, 4, 5))])
        #expect(rig.takeSends().isEmpty)
        rig.step(.linkUp(ReplicaID(4)))
        #expect(rig.takeSends().map { rig.ids($0.targets) } == [[4]])
    }

    @Test func `from four with one fault to seven with two, a quorum is five of them`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.tell([following(rig.view, members: members(1, 2, 3, 4, 5, 6, 7), f: 2)])
        for id in 5...7 as ClosedRange<UInt16> { rig.step(.linkUp(ReplicaID(id), view: second)) }
        rig.refuse(request, .payloadTooLarge, from: [5, 6])
        #expect(rig.takeCompletions().isEmpty, "two may both be faulty now")
        rig.reply(request, .result([7]), from: [1, 2, 3, 4], view: second)
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .result([7]), from: [5], view: second)
        #expect(rig.takeCompletions()[0].outcome.certificate?.replicas.count == 5)
        _ = rig.takeRequests()
        rig.call()
        rig.refuse(rig.takeRequests()[0], .payloadTooLarge, from: [5, 6, 7])
        #expect(rig.takeCompletions().count == 1)
    }

    @Test func `another fault model has other quorums`() {
        let rig = Rig(n: 5)
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.tell([following(rig.view, members: members(1, 2, 3, 4, 5), f: 2, faultModel: .crash)])
        #expect(rig.takeAudience() == nil, "the same members have the same links")
        rig.reply(request, .result([7]), from: [3, 4], view: second)
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .result([7]), from: [5], view: second)
        #expect(rig.takeCompletions().count == 1)
        _ = rig.takeRequests()
        rig.call()
        rig.refuse(rig.takeRequests()[0], .payloadTooLarge, from: [4])
        #expect(rig.takeCompletions().count == 1, "nobody lies any more")
    }

    @Test(arguments: [testMember(3, key: 33), testMember(3, port: 7777)])
    func `a member with another key or address has another link`(other: Member) {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        var next = rig.view.members
        next[2] = other
        rig.tell([following(rig.view, members: next)])
        #expect(rig.effects.audience?.map { $0.weighted(isHeavy: false) } == next.map { $0.weighted(isHeavy: false) })
        #expect(rig.takeSends().map { rig.ids($0.targets) } == [[1, 2, 4]])
        rig.step(.linkUp(ReplicaID(3), view: second))
        #expect(rig.takeSends().map { rig.ids($0.targets) } == [[3]])
        rig.reply(request, .result([7]), from: [1, 2, 3], view: second)
        #expect(rig.takeCompletions().count == 1)
    }

    @Test func `several views at once are one change`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        _ = rig.takeRequests()
        let first = following(rig.view, members: members(1, 2, 3, 4, 5))
        let next = following(first.next, members: members(2, 3, 4, 5, 6, 7, 8), f: 2)
        let last = following(next.next, members: members(2, 3, 4, 8), f: 1)
        rig.tell([first, next, last])
        #expect(rig.takeAudience() == [2, 3, 4, 8], "5, 6 and 7 have come and gone")
        #expect(rig.takeNotices() == [.viewBegun(ViewNumber(4))])
        #expect(rig.takeSends().map { rig.ids($0.targets) } == [[2, 3, 4]])
    }

    // MARK: In flight

    @Test func `reads and openings outlive all members that they were sent to`() {
        let rig = Rig()
        _ = rig.opened()
        let read = rig.call([8], kind: .read)
        let write = rig.call([9], session: 1)
        let opening = rig.takeRequests()[0]
        #expect(opening.kind == .open)
        let request = rig.takeReads()[0].request
        rig.answer(request, [1], version: 3, from: [1, 2])
        rig.reply(opening, .opened(SessionID(instance: Instance(6), place: 0)), from: [1, 2])
        rig.tell([following(rig.view, members: members(5, 6, 7, 8))])
        #expect(rig.takeSends().isEmpty && rig.takeReads().isEmpty)
        for id in 5...7 as ClosedRange<UInt16> { rig.step(.linkUp(ReplicaID(id), view: second)) }
        #expect(rig.takeReads().map { rig.ids($0.targets) } == [[5], [6], [7]])
        #expect(rig.takeSends().map { rig.ids($0.targets) } == [[5], [6], [7]])
        rig.answer(request, [1], version: 3, from: [3, 4, 5], view: second)
        #expect(rig.takeCompletions().isEmpty, "former members' answers are no answers")
        rig.answer(request, [1], version: 3, from: [6, 7], view: second)
        rig.reply(opening, .opened(SessionID(instance: Instance(6), place: 0)), from: [5, 6, 7], view: second)
        let sent = rig.takeRequests()
        #expect(sent.map(\.payload) == [[9]])
        rig.reply(sent[0], .result([9]), from: [5, 6, 7], view: second)
        #expect(rig.takeCompletions().map(\.call) == [read, write])
    }

    @Test func `a call that was sent to former members only may have taken effect`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call(within: .milliseconds(500))
        rig.call(kind: .read, within: .milliseconds(500))
        rig.tell([following(rig.view, members: members(5, 6, 7, 8))])
        rig.pass(.seconds(1))
        let outcomes = rig.takeCompletions().map(\.outcome)
        #expect(outcomes.contains(.unknown(.deadline)) && outcomes.contains(.failed(.readUnanswered)))
    }

    @Test func `a notice names those who are members now`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        rig.tell([following(rig.view, members: members(9, 4, 3, 2))])
        _ = rig.takeNotices()
        rig.pass(.seconds(3))
        guard case .waiting(let wait) = rig.takeNotices().first else {
            Issue.record("nothing is said of the wait")
            return
        }
        #expect(wait.unreachable.map(\.replica.rawValue) == [9] && wait.silent.map(\.rawValue) == [4, 3, 2])
    }

    @Test func `former members' wishes for signatures are theirs alone`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.refuse(request, .signatureRequired, from: [1])
        rig.tell([following(rig.view, members: members(2, 3, 4, 5))])
        rig.effects.removeAll()
        rig.refuse(request, .signatureRequired, from: [2])
        #expect(!rig.takeNotices().contains(.signingBegun), "one member asks, and one that was one")
        rig.refuse(request, .signatureRequired, from: [3])
        #expect(rig.takeNotices().contains(.signingBegun))
    }

    @Test func `who is denied access by former members may be served by others`() {
        let rig = Rig()
        rig.step(.linkDenied(ReplicaID(1)))
        let call = rig.call()
        rig.tell([following(rig.view, members: members(2, 3, 4, 5))])
        rig.step(.linkDenied(ReplicaID(2)))
        #expect(rig.takeCompletions().isEmpty)
        rig.step(.linkDenied(ReplicaID(3)))
        #expect(rig.takeCompletions().isEmpty)
        rig.step(.linkDenied(ReplicaID(4)))
        #expect(rig.takeCompletions().map(\.call) == [call])
    }
}
