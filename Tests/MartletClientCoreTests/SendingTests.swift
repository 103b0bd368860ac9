// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

@Suite struct SendingTests {
    @Test func `what is sent again is the same request, to those who have not answered finally`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call([1])
        rig.call([2])
        let first = rig.takeRequests()
        rig.reply(first[1], .result([]), from: [1, 2, 3])
        rig.reply(first[0], .result([5]), from: [1], .final)
        rig.reply(first[0], .result([5]), from: [2], tentative(1, 3))
        rig.call([3])
        #expect(rig.takeRequests().map(\.repliesKeptFrom.rawValue) == [1], "sequence 1 is still awaited")
        rig.pass(.milliseconds(300))
        let again = rig.takeSends()
        let ofFirst = again.filter { $0.requests.contains { $0.id == first[0].id } }
        #expect(ofFirst.map(\.targets) == [rig.set(2, 3, 4)])
        #expect(ofFirst[0].requests.contains(first[0]), "equal in every field, so equal in bytes and digest")
        rig.reply(first[0], .result([5]), from: [3], tentative(1, 3))
        #expect(rig.takeCompletions().count == 2)
    }

    @Test func `repetitions become rarer`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        _ = rig.takeRequests()
        rig.pass(.seconds(60))
        let count = rig.takeRequests().count
        #expect(count >= 12 && count <= 24, "doubling from 0.2 s to every 4 s, not \(count) times")
    }

    @Test func `the wait follows the latency`() {
        let rig = Rig()
        _ = rig.opened()
        for _ in 0..<20 {
            rig.call()
            let request = rig.takeRequests()[0]
            rig.pass(.milliseconds(190))
            rig.reply(request, .result([]), from: [1, 2, 3])
        }
        rig.call()
        _ = rig.takeRequests()
        rig.pass(.milliseconds(600))
        #expect(rig.takeRequests().isEmpty)
        rig.pass(.milliseconds(300))
        #expect(rig.takeRequests().count == 1)
    }

    @Test func `a latency above the first wait does not make every request go twice`() {
        let rig = Rig()
        _ = rig.opened()
        var repeated = 0
        for _ in 0..<20 {
            rig.call()
            let request = rig.takeRequests()[0]
            rig.pass(.milliseconds(700))
            repeated += rig.takeRequests().count
            rig.reply(request, .result([]), from: [1, 2, 3])
        }
        #expect(repeated < 8, "\(repeated) repetitions")
    }

    @Test func `at most pipelineMax sequences are in flight`() {
        let rig = Rig(pipelineMax: 4)
        _ = rig.opened()
        for payload in 1...7 as ClosedRange<UInt8> { rig.call([payload]) }
        var sent = rig.takeRequests()
        #expect(sent.map(\.id.sequence.rawValue) == [1, 2, 3, 4])
        rig.reply(sent[1], .result([]), from: [1, 2, 3])
        rig.reply(sent[3], .result([]), from: [1, 2, 3])
        #expect(rig.takeRequests().isEmpty, "sequence 1 is awaited, so 5 may not go")
        rig.reply(sent[0], .result([]), from: [1, 2, 3])
        let more = rig.takeRequests()
        #expect(more.map(\.id.sequence.rawValue) == [5, 6])
        #expect(more.map(\.repliesKeptFrom.rawValue) == [3, 3])
        sent += more
        rig.reply(sent[2], .result([]), from: [1, 2, 3])
        #expect(rig.takeRequests().map(\.id.sequence.rawValue) == [7])
    }

    @Test func `a link that comes up is sent at once what its replica may have missed`() {
        let rig = Rig()
        rig.step(.linkUp(ReplicaID(1)))
        rig.call()
        let opening = rig.takeSends()
        #expect(opening.map(\.targets) == [rig.set(1)])
        rig.step(.linkUp(ReplicaID(2)))
        rig.step(.linkUp(ReplicaID(3)))
        let more = rig.takeSends()
        #expect(more.map(\.targets) == [rig.set(2), rig.set(3)])
        #expect(more.allSatisfy { $0.requests == opening[0].requests })
        rig.reply(opening[0].requests[0], .opened(SessionID(instance: Instance(1), place: 0)), from: [1, 2, 3])
        let request = rig.takeSends()
        #expect(request.map(\.targets) == [rig.set(1, 2, 3)])
        rig.reply(request[0].requests[0], .result([4]), from: [3])
        rig.step(.linkDown(ReplicaID(2)))
        rig.step(.linkDown(ReplicaID(3)))
        rig.step(.linkUp(ReplicaID(3)))
        #expect(rig.takeSends().isEmpty, "replica 3 has answered finally")
        rig.step(.linkUp(ReplicaID(2)))
        rig.step(.linkUp(ReplicaID(2)))
        let again = rig.takeSends()
        #expect(again.map(\.targets) == [rig.set(2)])
        #expect(again[0].requests == request[0].requests)
    }

    @Test func `nothing is sent to a replica without a link`() {
        let rig = Rig()
        _ = rig.opened()
        rig.step(.linkDown(ReplicaID(2)))
        rig.call()
        rig.pass(.seconds(30))
        #expect(rig.takeSends().allSatisfy { $0.targets == rig.set(1, 3, 4) })
    }

    @Test func `a send is bounded in requests and bytes`() {
        let rig = Rig(pipelineMax: 64) {
            $0.sendRequestsMax = 10
            $0.sendBytesMax = 2_000
        }
        _ = rig.opened()
        for _ in 0..<25 { rig.call([1]) }
        #expect(rig.takeSends().map(\.requests.count) == [10, 10, 5])
        for bytes in [1_500, 400, 200, 5_000, 1] { rig.call(Bytes(repeating: 1, count: bytes)) }
        #expect(rig.takeSends().map(\.requests.count) == [2, 1, 1, 1])
    }

    @Test func `one replica's demand for signatures is met towards it alone, one correct one's by all`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.refuse(request, .signatureRequired, from: [2, 2, 2])
        var sends = rig.takeSends()
        #expect(sends.map(\.targets) == [rig.set(2)])
        #expect(sends[0].isSigned && sends[0].requests == [request])
        rig.call()
        sends = rig.takeSends()
        #expect(sends.map(\.isSigned) == [false])
        rig.pass(.milliseconds(300))
        sends = rig.takeSends().filter { $0.requests.contains(request) }
        #expect(sends.map(\.targets) == [rig.set(1, 2, 3, 4)])
        #expect(sends.map(\.isSigned) == [true], "what is sent again is signed")
        rig.refuse(request, .conflicting, from: [3])
        #expect(rig.takeNotices() == [.signingBegun])
        rig.call()
        #expect(rig.takeSends().allSatisfy { $0.isSigned })
        rig.pass(.seconds(61))
        _ = rig.takeSends()
        rig.call()
        #expect(rig.takeSends().map(\.isSigned) == [false], "the demand is over")
    }

    @Test func `a client that always signs does`() {
        let rig = Rig { $0.signsAlways = true }
        _ = rig.opened()
        rig.call()
        #expect(rig.takeSends().map(\.isSigned) == [true])
    }

    @Test func `a notice says what is being waited for, ever more rarely`() {
        let rig = Rig()
        rig.call()
        rig.step(.linkUp(ReplicaID(1)))
        rig.step(.linkUp(ReplicaID(2)))
        let down = rig.now
        rig.refuse(rig.takeRequests()[0], .notServing, from: [2])
        rig.pass(.seconds(1))
        #expect(rig.takeNotices().isEmpty)
        rig.pass(.seconds(1))
        guard case .waiting(let wait)? = rig.takeNotices().first else {
            Issue.record("no notice")
            return
        }
        #expect(wait.calls == 1)
        #expect(wait.longest == .seconds(2))
        #expect(wait.unreachable.map(\.replica) == [ReplicaID(3), ReplicaID(4)])
        #expect(wait.unreachable.map(\.since) == [down, down])
        #expect(wait.silent == [ReplicaID(1)])
        #expect(wait.refusing.map(\.replica) == [ReplicaID(2)])
        #expect(wait.refusing.map(\.reason) == [.notServing])
        rig.pass(.seconds(3_600))
        let more = rig.takeNotices().count
        #expect(more >= 60 && more <= 66, "once a minute in the end, not \(more) times")
    }

    @Test func `nothing is timed when nothing is awaited`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        #expect(rig.core.nextDeadline != nil)
        rig.reply(rig.takeRequests()[0], .result([]), from: [1, 2, 3])
        #expect(rig.core.nextDeadline == nil)
    }
}
