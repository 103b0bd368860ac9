// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

@Suite struct OutcomeTests {
    @Test func `what was never sent when its deadline passes fails for sure`() {
        let rig = Rig()
        let call = rig.call(within: .seconds(1))
        rig.pass(.milliseconds(999))
        #expect(rig.takeCompletions().isEmpty)
        rig.pass(.milliseconds(1))
        #expect(rig.takeCompletions() == [Completion(call: call, outcome: .failed(.neverSent))])
        rig.allUp()
        #expect(rig.takeRequests().isEmpty, "it is never sent later")
    }

    @Test func `what waited for its session when its deadline passes fails for sure`() {
        let rig = Rig()
        rig.allUp()
        let call = rig.call(within: .milliseconds(150))
        let opening = rig.takeRequests()[0]
        rig.pass(.milliseconds(150))
        #expect(rig.takeCompletions() == [Completion(call: call, outcome: .failed(.neverSent))])
        rig.reply(opening, .opened(SessionID(instance: Instance(1), place: 0)), from: [1, 2, 3])
        #expect(rig.takeRequests().isEmpty)
    }

    @Test func `what was sent to one replica only is unknown when its deadline passes`() {
        let rig = Rig()
        _ = rig.opened()
        for id in 1...3 as ClosedRange<UInt16> { rig.step(.linkDown(ReplicaID(id))) }
        let call = rig.call(within: .seconds(1))
        let request = rig.takeRequests()[0]
        rig.pass(.seconds(1))
        #expect(rig.takeCompletions() == [Completion(call: call, outcome: .unknown(.deadline))])
        rig.reply(request, .result([1]), from: [1, 2, 3, 4])
        #expect(rig.takeCompletions().isEmpty, "it has ended")
    }

    @Test func `a call whose deadline has passed already is not sent`() {
        let rig = Rig()
        _ = rig.opened()
        let call = rig.call(within: .zero)
        #expect(rig.takeCompletions() == [Completion(call: call, outcome: .failed(.neverSent))])
        #expect(rig.takeRequests().isEmpty)
    }

    @Test func `an ended call makes room for the next and is acknowledged by it`() {
        let rig = Rig(pipelineMax: 1)
        _ = rig.opened()
        rig.call(within: .seconds(1))
        rig.call([2])
        #expect(rig.takeRequests().count == 1)
        rig.pass(.seconds(1))
        let second = rig.takeRequests().filter { $0.id.sequence.rawValue == 2 }
        #expect(second.map(\.repliesKeptFrom.rawValue) == [2])
    }

    @Test func `too large a payload fails for sure without being sent`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call(Bytes(repeating: 0, count: rig.view.settings.requestBytesMax + 1))
        let max = rig.view.settings.requestBytesMax
        #expect(rig.takeCompletions().map(\.outcome) == [.failed(.payloadTooLarge(bytes: max + 1, bytesMax: max))])
        #expect(rig.takeRequests().isEmpty)
    }

    @Test func `refusals that hold for all need one correct replica's word`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.refuse(request, .payloadTooLarge, from: [1, 1, 1])
        rig.refuse(request, .viewEnded, from: [2])
        #expect(rig.takeCompletions().isEmpty)
        rig.refuse(request, .payloadTooLarge, from: [3])
        let max = rig.view.settings.requestBytesMax
        #expect(
            rig.takeCompletions().map(\.outcome)
                == [.failed(.payloadTooLarge(bytes: request.payload.count, bytesMax: max))])
    }

    @Test(arguments: [RefusalReason.overloaded, .notServing, .sequenceTooOld, .sessionUnknown, .readsAreOrdered])
    func `a refusal that may pass is outlived`(reason: RefusalReason) {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.refuse(request, reason, from: [1, 2])
        rig.pass(.seconds(1))
        let again = rig.takeSends()
        #expect(!again.isEmpty)
        #expect(again.allSatisfy { $0.targets == rig.view.everyone && $0.requests.allSatisfy { $0 == request } })
        rig.reply(request, .result([1]), from: [1, 2, 3])
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[1]])
    }

    @Test func `a forgotten reply or a sequence too old leaves the outcome unknown`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call([1])
        rig.call([2])
        let requests = rig.takeRequests()
        rig.reply(requests[0], .replyForgotten, from: [1, 2, 3])
        rig.reply(requests[1], .sequenceTooOld, from: [1, 2, 3])
        #expect(
            rig.takeCompletions().map(\.outcome) == [.unknown(.replyForgotten), .unknown(.sequenceTooOld)])
    }

    @Test func `closing ends every call once`() {
        let rig = Rig(pipelineMax: 1)
        _ = rig.opened()
        let sent = rig.call()
        let waiting = rig.call()
        let request = rig.takeRequests()[0]
        rig.step(.close)
        rig.step(.close)
        #expect(
            Set(rig.takeCompletions()) == [
                Completion(call: sent, outcome: .unknown(.closed)),
                Completion(call: waiting, outcome: .failed(.closed)),
            ])
        rig.reply(request, .result([1]), from: [1, 2, 3, 4])
        rig.step(.linkUp(ReplicaID(1)))
        rig.pass(.seconds(10))
        #expect(rig.takeCompletions().isEmpty)
        #expect(rig.core.nextDeadline == nil)
        let late = rig.call()
        #expect(rig.takeCompletions() == [Completion(call: late, outcome: .failed(.closed))])
    }

    @Test func `a client that a quorum turns away is told so at once`() {
        let rig = Rig()
        let waiting = rig.call()
        rig.call(kind: .read)
        rig.step(.linkDenied(ReplicaID(1)))
        rig.step(.linkDenied(ReplicaID(1)))
        #expect(rig.takeCompletions().isEmpty, "one replica may lie")
        rig.step(.linkDenied(ReplicaID(2)))
        #expect(rig.takeCompletions().isEmpty, "two may not know yet that it was admitted")
        rig.step(.linkDenied(ReplicaID(3)))
        let completions = rig.takeCompletions()
        #expect(completions.map(\.outcome) == [.failed(.accessDenied), .failed(.accessDenied)])
        #expect(completions[0].call == waiting)
        rig.call()
        #expect(rig.takeCompletions().map(\.outcome) == [.failed(.accessDenied)])
        rig.step(.linkUp(ReplicaID(1)))
        rig.call()
        #expect(rig.takeCompletions().isEmpty)
        #expect(rig.takeRequests().map(\.kind) == [.open], "it is served after all")
    }

    @Test func `a client that two serve is not turned away by others, one that a liar lets in is`() {
        let rig = Rig()
        for id in 1...2 as ClosedRange<UInt16> { rig.step(.linkUp(ReplicaID(id))) }
        for id in 3...4 as ClosedRange<UInt16> { rig.step(.linkDenied(ReplicaID(id))) }
        rig.call()
        #expect(rig.takeCompletions().isEmpty)
        rig.step(.linkDenied(ReplicaID(2)))
        #expect(rig.takeCompletions().map(\.outcome) == [.failed(.accessDenied)])
    }

    @Test func `more calls than the limit fail at once`() {
        let rig = Rig { $0.callsMax = 2 }
        for _ in 0..<3 { rig.call() }
        #expect(rig.takeCompletions().map(\.outcome) == [.failed(.tooManyCalls(max: 2))])
        #expect(rig.core.unfinishedCallCount == 2)
    }
}
