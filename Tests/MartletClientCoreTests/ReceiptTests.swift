// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

extension Rig {
    @discardableResult
    func callForReceipt(_ payload: Bytes = [1], within: Interval? = nil) -> CallID {
        let id = CallID(1_000)
        step(
            .call(
                Call(
                    id: id, session: SessionHandle(0), kind: .operation, payload: payload,
                    deadline: within.map { now + $0 } ?? .distantFuture, wantsReceipt: true)))
        return id
    }

    func share(
        _ request: RequestID, from replicas: [UInt16], instance: UInt64 = 7, result: UInt64 = 1,
        view: ViewNumber = .genesis
    ) {
        for replica in replicas {
            let statement = ReceiptStatement(
                view: view,
                provenance: Provenance(
                    request: Digest(words: Words32(5, 0, 0, 0)), instance: Instance(instance), time: Timestamp(50)),
                result: Digest(words: Words32(result, 0, 0, 0)))
            // Checked before it gets here; different so that they can be told apart.
            let signature = Signature(first: Words32(UInt64(replica), instance, 0, 0), second: .zero)
            say(.receipt(ReceiptShare(request: request, statement: statement, signature: signature)), from: replica)
        }
    }

    func takeReceiptFetches() -> [ClientReceiptFetch] {
        defer { effects.receiptFetches.removeAll() }
        return effects.receiptFetches
    }
}

/// Getting a result signed (protocol §4).
@Suite struct ReceiptTests {
    private let second = ViewNumber(2)

    /// A rig whose only call has its result.
    private func answered(n: Int = 4, f: Int = 1, within: Interval? = nil) -> (rig: Rig, request: Request) {
        let rig = Rig(n: n, f: f)
        _ = rig.opened()
        rig.callForReceipt(within: within)
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([7]), from: (1...UInt16(n)).map { $0 })
        return (rig, request)
    }

    @Test func `once the result is known all replicas are asked, and the call ends when a quorum has signed`() {
        let rig = Rig()
        _ = rig.opened()
        let call = rig.callForReceipt()
        let request = rig.takeRequests()[0]
        rig.share(request.id, from: [1, 2, 3, 4])
        #expect(rig.takeReceiptFetches().isEmpty && rig.takeCompletions().isEmpty)
        rig.reply(request, .result([7]), from: [1, 2, 3])
        #expect(rig.takeReceiptFetches() == [ClientReceiptFetch(targets: rig.view.everyone, request: request.id)])
        rig.share(request.id, from: [4, 2])
        #expect(rig.takeCompletions().isEmpty)
        rig.share(request.id, from: [1])
        let completions = rig.takeCompletions()
        #expect(completions.map(\.call) == [call] && completions[0].outcome.bytes == [7])
        let receipt = completions[0].receipt
        #expect(receipt?.request == request && receipt?.certificate.statement.view == .genesis)
        #expect(receipt?.certificate.shares.map(\.replica) == [ReplicaID(1), ReplicaID(2), ReplicaID(4)])
        #expect(receipt?.certificate.shares[2].signature.first.word0 == 4)
        #expect(rig.core.unfinishedCallCount == 0)
    }

    @Test func `who did not want a receipt gets none`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        rig.reply(rig.takeRequests()[0], .result([7]), from: [1, 2, 3])
        #expect(rig.takeReceiptFetches().isEmpty && rig.takeCompletions().map(\.receipt) == [nil])
    }

    @Test func `shares count by weight and each replica once`() {
        // Weights 2, 2, 1, 1, 1: a quorum weighs 5.
        let (rig, request) = answered(n: 5)
        rig.share(request.id, from: [1, 3, 3, 3, 4, 1])
        #expect(rig.takeCompletions().isEmpty)
        rig.share(request.id, from: [5])
        #expect(rig.takeCompletions()[0].receipt?.certificate.shares.count == 4)
    }

    @Test func `what a liar signs otherwise is not counted with the others', however often it changes its mind`() {
        let (rig, request) = answered()
        rig.share(request.id, from: [1, 2])
        for result in 2...100 as ClosedRange<UInt64> { rig.share(request.id, from: [4], result: result) }
        rig.share(request.id, from: [4], instance: 8)
        #expect(rig.takeCompletions().isEmpty)
        rig.share(request.id, from: [3])
        #expect(rig.takeCompletions()[0].receipt?.certificate.statement.result.words.word0 == 1)
    }

    @Test func `a liar that withdraws what it signed does not count for it any more`() {
        let (rig, request) = answered()
        rig.share(request.id, from: [1, 4])
        rig.share(request.id, from: [4], result: 9)
        rig.share(request.id, from: [2])
        #expect(rig.takeCompletions().isEmpty)
        rig.share(request.id, from: [3])
        #expect(
            rig.takeCompletions()[0].receipt?.certificate.shares.map(\.replica)
                == [ReplicaID(1), ReplicaID(2), ReplicaID(3)])
    }

    @Test func `who gives no share is asked again, and for views too`() {
        let (rig, request) = answered()
        _ = rig.takeReceiptFetches()
        rig.share(request.id, from: [1, 2])
        rig.pass(.seconds(1))
        let again = rig.takeReceiptFetches()
        #expect(!again.isEmpty && again.allSatisfy { $0.targets == rig.set(3, 4) && $0.request == request.id })
        #expect(Set(rig.takeViewFetches().map(\.target)) == [ReplicaID(3), ReplicaID(4)])
        #expect(rig.takeRequests().isEmpty, "the request itself is done")
    }

    @Test func `a replica that comes back is asked at once`() {
        let (rig, request) = answered()
        rig.share(request.id, from: [1, 2])
        rig.step(.linkDown(ReplicaID(3)))
        rig.step(.linkDown(ReplicaID(1)))
        _ = rig.takeReceiptFetches()
        rig.step(.linkUp(ReplicaID(3)))
        rig.step(.linkUp(ReplicaID(1)))
        #expect(rig.takeReceiptFetches() == [ClientReceiptFetch(targets: rig.set(3), request: request.id)])
    }

    @Test func `shares of one view are counted, those of the newest`() {
        let (rig, request) = answered()
        rig.share(request.id, from: [1, 2])
        _ = rig.takeReceiptFetches()
        rig.tell(chain(from: rig.view, 1))
        #expect(rig.takeReceiptFetches() == [ClientReceiptFetch(targets: rig.view.everyone, request: request.id)])
        rig.share(request.id, from: [3, 4])
        rig.share(request.id, from: [3, 4], view: second)
        #expect(rig.takeCompletions().isEmpty)
        rig.share(request.id, from: [1], view: second)
        #expect(rig.takeCompletions()[0].receipt?.certificate.statement.view == second)
    }

    @Test func `at its deadline, on closing and on eviction it has its result without a receipt`() {
        for end in 0..<3 {
            let (rig, request) = answered(within: .seconds(5))
            rig.share(request.id, from: [1, 2])
            switch end {
            case 0: rig.pass(.seconds(6))
            case 1: rig.step(.close)
            default:
                rig.call([2])
                let other = rig.takeRequests().last
                if let other { rig.reply(other, .sessionUnknown, from: [1, 2, 3]) }
            }
            let completions = rig.takeCompletions().filter { $0.call == CallID(1_000) }
            #expect(completions.map(\.outcome.bytes) == [[7]] && completions[0].receipt == nil, "\(end)")
        }
    }

    /// The replicas would drop what they are to sign.
    @Test func `replies are said to be needed until the receipt is there`() {
        let (rig, request) = answered()
        rig.call([2])
        #expect(rig.takeRequests().map(\.repliesKeptFrom) == [request.id.sequence])
        rig.share(request.id, from: [1, 2, 3])
        rig.call([3])
        #expect(rig.takeRequests().map(\.repliesKeptFrom) == [SequenceNumber(2)])
    }

    @Test func `replies and refusals that come late change nothing`() {
        let (rig, request) = answered()
        rig.reply(request, .result([8]), from: [1, 2, 3])
        rig.reply(request, .sessionUnknown, from: [1, 2, 3, 4])
        rig.refuse(request, .sessionUnknown, from: [1, 2, 3, 4])
        #expect(rig.takeCompletions().isEmpty)
        rig.share(request.id, from: [1, 2, 3])
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[7]])
        rig.share(request.id, from: [4])
        #expect(rig.takeCompletions().isEmpty)
    }
}
