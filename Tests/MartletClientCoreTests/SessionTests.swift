// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

@Suite struct SessionTests {
    @Test func `calls wait for their session and then go in order`() {
        let rig = Rig()
        rig.allUp()
        for payload in 1...3 as ClosedRange<UInt8> { rig.call([payload]) }
        let requests = rig.takeRequests()
        #expect(requests.map(\.kind) == [.open])
        #expect(requests[0].id.session == .none)
        #expect(requests[0].payload.isEmpty)
        let session = SessionID(instance: Instance(5), place: 2)
        rig.reply(requests[0], .opened(session), from: [1, 2, 4])
        let sends = rig.takeSends()
        #expect(sends.count == 1, "one write for all")
        #expect(sends[0].targets == rig.view.everyone)
        #expect(sends[0].requests.map(\.payload) == [[1], [2], [3]])
        #expect(sends[0].requests.map(\.id.sequence.rawValue) == [1, 2, 3])
        #expect(sends[0].requests.allSatisfy { $0.id.session == session && $0.id.client == rig.client })
        #expect(rig.effects.sessionChanges == [.opened(SessionHandle(0), session)])
    }

    @Test func `a repeated OPEN opens nothing`() {
        let rig = Rig()
        rig.allUp()
        rig.step(.open(SessionHandle(0)))
        let opening = rig.takeRequests()
        #expect(opening.count == 1)
        rig.step(.open(SessionHandle(0)))
        #expect(rig.takeRequests().isEmpty)
        for _ in 1...5 {
            rig.pass(.seconds(4))
            let again = rig.takeRequests()
            #expect(!again.isEmpty)
            #expect(again.allSatisfy { $0 == opening[0] }, "the same number, so the group opens nothing for it")
        }
        let session = SessionID(instance: Instance(1), place: 0)
        rig.reply(opening[0], .opened(session), from: [1, 2, 3, 4, 1, 2])
        #expect(rig.effects.sessionChanges == [.opened(SessionHandle(0), session)])
        rig.step(.open(SessionHandle(0)))
        #expect(rig.effects.sessionChanges.count == 2, "known at once")
        #expect(rig.takeRequests().isEmpty)
    }

    @Test func `opening numbers grow, and are not below the base plus the time passed`() {
        let rig = Rig()
        rig.allUp()
        for handle in 0..<3 as Range<UInt32> { rig.step(.open(SessionHandle(handle))) }
        rig.pass(.milliseconds(3))
        rig.step(.open(SessionHandle(3)))
        #expect(rig.takeRequests().map(\.id.sequence.rawValue) == [1_000, 1_001, 1_002, 4_000])
    }

    @Test func `a stale opening is tried with a higher number, and from then on one by one`() {
        let rig = Rig()
        rig.allUp()
        for handle in 0..<3 as Range<UInt32> { rig.step(.open(SessionHandle(handle))) }
        let requests = rig.takeRequests()
        #expect(requests.count == 3)
        rig.reply(requests[2], .opened(SessionID(instance: Instance(3), place: 0)), from: [1, 2, 3])
        rig.reply(requests[0], .openingStale, from: [1, 2, 3])
        #expect(rig.takeRequests().isEmpty, "one is still under way")
        rig.refuse(requests[1], .sequenceTooOld, from: [1])
        #expect(rig.takeRequests().isEmpty, "one replica may lie")
        rig.refuse(requests[1], .sequenceTooOld, from: [4])
        let first = rig.takeRequests()
        #expect(first.count == 1)
        #expect(first[0].id.sequence > requests[2].id.sequence)
        rig.reply(first[0], .opened(SessionID(instance: Instance(4), place: 0)), from: [1, 2, 3])
        let second = rig.takeRequests()
        #expect(second.count == 1)
        #expect(second[0].id.sequence > first[0].id.sequence)
    }

    @Test func `an opening that a later one has overtaken is tried anew, whoever is silent`() {
        let rig = Rig()
        rig.allUp()
        for handle in 0..<2 as Range<UInt32> { rig.step(.open(SessionHandle(handle))) }
        let requests = rig.takeRequests()
        // 1 and 2 answered the first before the second was ordered; 3 knows only the second now, and 4 says nothing.
        rig.reply(requests[0], .opened(SessionID(instance: Instance(2), place: 0)), from: [1, 2])
        rig.reply(requests[1], .opened(SessionID(instance: Instance(3), place: 0)), from: [1, 2, 3])
        rig.refuse(requests[0], .sequenceTooOld, from: [3])
        rig.pass(.seconds(4))
        let again = rig.takeRequests()
        #expect(again.first.map { $0.id.sequence > requests[1].id.sequence } == true)
        rig.reply(again[0], .opened(SessionID(instance: Instance(4), place: 0)), from: [1, 2, 3])
        #expect(rig.effects.sessionChanges.count == 2)
    }

    @Test func `a session is not opened under a name that is in use`() {
        let rig = Rig()
        let session = rig.opened()
        rig.step(.open(SessionHandle(1)))
        rig.reply(rig.takeRequests()[0], .opened(session), from: [1, 2, 3])
        #expect(rig.effects.sessionChanges.isEmpty)
        #expect(rig.takeRequests().map(\.kind) == [.open])
    }

    @Test func `a client that is not served fails for sure what waits for the session`() {
        let rig = Rig()
        rig.allUp()
        rig.call()
        rig.call()
        let opening = rig.takeRequests()[0]
        rig.refuse(opening, .accessDenied, from: [2, 3])
        #expect(rig.takeCompletions().isEmpty, "they may not have heard yet that it was admitted")
        rig.refuse(opening, .accessDenied, from: [4])
        #expect(rig.takeCompletions().map(\.outcome) == [.failed(.accessDenied), .failed(.accessDenied)])
        rig.call()
        #expect(rig.takeRequests().map(\.kind) == [.open], "the next call tries anew")
    }

    @Test(arguments: [true, false])
    func `after an eviction sent operations are unknown, reads and unsent ones go on`(byReply: Bool) {
        let rig = Rig(unorderedReads: false, pipelineMax: 3)
        _ = rig.opened()
        let sent = [rig.call([1]), rig.call([2])]
        rig.call([3], kind: .read)
        rig.call([4])
        let requests = rig.takeRequests()
        #expect(requests.map(\.payload) == [[1], [2], [3]])
        if byReply {
            rig.reply(requests[1], .sessionUnknown, from: [1, 2])
        } else {
            rig.refuse(requests[1], .sessionUnknown, from: [1, 2])
            #expect(rig.takeCompletions().isEmpty, "one may lie and one may be behind")
            rig.refuse(requests[1], .sessionUnknown, from: [4])
        }
        let completions = rig.takeCompletions()
        #expect(completions.map(\.call) == sent)
        #expect(completions.allSatisfy { $0.outcome == .unknown(.sessionEvicted) })
        #expect(rig.effects.sessionChanges == [.evicted(SessionHandle(0))])
        let opening = rig.takeRequests()
        #expect(opening.map(\.kind) == [.open])
        let next = SessionID(instance: Instance(50), place: 0)
        rig.reply(opening[0], .opened(next), from: [1, 2])
        let again = rig.takeRequests()
        #expect(Set(again.map(\.payload)) == [[3], [4]])
        #expect(again.map(\.id.sequence.rawValue) == [1, 2])
        #expect(again.allSatisfy { $0.id.session == next })
        // What the old session's replies still say is nobody's.
        rig.reply(requests[0], .result([9]), from: [1, 2, 3, 4])
        #expect(rig.takeCompletions().isEmpty)
    }

    @Test func `a handle that nobody used for long costs nothing but an opening`() {
        let rig = Rig()
        rig.allUp()
        rig.call(session: 7)
        let opening = rig.takeRequests()[0]
        rig.reply(opening, .opened(SessionID(instance: Instance(1), place: 0)), from: [1, 2, 3])
        rig.reply(rig.takeRequests()[0], .result([]), from: [1, 2, 3])
        #expect(rig.takeCompletions().count == 1)
    }
}
