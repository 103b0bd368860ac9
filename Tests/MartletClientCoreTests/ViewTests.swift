// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

/// The proofs that lead on from the view; the verifier has checked them before the core sees them, so they are unsigned.
/// Each view turns the leader order by one; `heavy` and `settings` hold from the first of them on.
func chain(
    from view: View, _ count: Int, heavy: [UInt16]? = nil, change: (inout GroupSettings) -> Void = { _ in }
) -> [ViewCertificate] {
    var newest = view
    return (0..<count).map { _ in
        var settings = newest.settings
        change(&settings)
        let order = newest.plan.leaderOrder
        let plan = ViewPlan(
            heavy: heavy?.map { ReplicaID($0) } ?? newest.plan.heavy, leaderOrder: Array(order[1...] + order[..<1]),
            settings: settings)
        do {
            let next = try newest.successor(plan)
            defer { newest = next }
            return ViewCertificate(
                view: newest.number, last: Instance(10 * newest.number.rawValue), next: next, shares: [])
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

extension Rig {
    func tell(_ certificates: some Sequence<ViewCertificate>, from replica: UInt16 = 1) {
        say(.views(ViewChainPart(certificates: Array(certificates))), from: replica)
    }
}

@Suite struct ViewTests {
    private let second = ViewNumber(2)

    @Test func `a call in flight is asked again in the new view and answered once, by replies of that view alone`() {
        let rig = Rig()
        _ = rig.opened()
        let call = rig.call()
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([7]), from: [1, 2])
        rig.tell(chain(from: rig.view, 1))
        #expect(rig.takeNotices() == [.viewBegun(second)])
        let again = rig.takeSends()
        #expect(again.flatMap(\.requests) == [request] && again[0].targets == rig.view.everyone)
        rig.reply(request, .result([7]), from: [3], view: second)
        rig.reply(request, .result([7]), from: [4], view: second)
        rig.reply(request, .result([7]), from: [1, 2, 3, 4])
        #expect(rig.takeCompletions().isEmpty, "two of each view are no three of one")
        rig.reply(request, .result([7]), from: [1, 2, 3], view: second)
        let completions = rig.takeCompletions()
        #expect(completions.map(\.call) == [call] && completions[0].outcome.bytes == [7])
        #expect(completions[0].outcome.certificate?.view == second)
        #expect(completions[0].outcome.certificate?.replicas == [ReplicaID(1), ReplicaID(3), ReplicaID(4)])
        #expect(rig.takeViewFetches().isEmpty)
    }

    @Test func `a quorum is weighed by the view that the replies are of`() {
        // n = 5: replicas 1 and 2 weigh 2 in view 1, 4 and 5 in view 2; a quorum weighs 5 of 7.
        let rig = Rig(n: 5)
        _ = rig.opened()
        rig.tell(chain(from: rig.view, 1, heavy: [4, 5]))
        rig.call()
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([7]), from: [1, 2, 3], view: second)
        #expect(rig.takeCompletions().isEmpty, "a quorum of view 1 only")
        rig.reply(request, .result([7]), from: [4], view: second)
        #expect(rig.takeCompletions().count == 1)
        rig.call()
        rig.reply(rig.takeRequests()[0], .result([7]), from: [3, 4, 5], view: second)
        #expect(rig.takeCompletions().count == 1)
    }

    @Test func `a tentative reply must be of an epoch of the new view`() {
        let rig = Rig()
        _ = rig.opened()
        rig.tell(chain(from: rig.view, 1))
        rig.call()
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([7]), from: [1, 2, 3, 4], tentative(1, 8), view: second)
        #expect(rig.takeCompletions().isEmpty)
        let here = Finality.tentative(epoch: Epoch(view: second, regency: .first), instance: Instance(8))
        rig.reply(request, .result([7]), from: [1, 2, 3], here, view: second)
        #expect(rig.takeCompletions().count == 1)
    }

    @Test func `a read in flight is asked again, and falls back where the new view has no unordered reads`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call([8], kind: .read)
        let read = rig.takeReads()[0].request
        rig.answer(read, [1], version: 7, from: [1, 2])
        rig.tell(chain(from: rig.view, 1))
        #expect(rig.takeReads() == [ClientRead(targets: rig.view.everyone, request: read)])
        rig.answer(read, [1], version: 7, from: [3, 4], view: second)
        #expect(rig.takeCompletions().isEmpty)
        rig.answer(read, [1], version: 7, from: [1], view: second)
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[1]])

        rig.call([9], kind: .read)
        let other = rig.takeReads()[0].request
        rig.tell(chain(from: chain(from: rig.view, 1)[0].next, 1) { $0.hasUnorderedReads = false })
        let refusal = { (replica: UInt16) in
            let id = RequestID(client: rig.client, session: .none, sequence: SequenceNumber(other.number))
            rig.say(.refusal(Refusal(request: id, reason: .readsAreOrdered)), from: replica)
        }
        refusal(1)
        refusal(2)
        #expect(rig.takeRequests().map(\.kind) == [.orderedRead])
        rig.call([9], kind: .read)
        #expect(rig.takeRequests().map(\.kind) == [.orderedRead], "by now it is not even tried")
    }

    @Test func `an opening in flight is asked again and its session serves the new view`() {
        let rig = Rig()
        rig.allUp()
        rig.call([5])
        let opening = rig.takeRequests()[0]
        let session = SessionID(instance: Instance(5), place: 0)
        rig.reply(opening, .opened(session), from: [1, 2])
        rig.tell(chain(from: rig.view, 1))
        #expect(rig.takeRequests() == [opening])
        rig.reply(opening, .opened(session), from: [3], view: second)
        #expect(rig.takeRequests().isEmpty)
        rig.reply(opening, .opened(session), from: [1, 2], view: second)
        let requests = rig.takeRequests()
        #expect(requests.map(\.id.session) == [session] && requests[0].payload == [5])
    }

    @Test func `what nobody was asked yet is not asked because of a view`() {
        let rig = Rig()
        rig.call()
        rig.call(kind: .read)
        rig.tell(chain(from: rig.view, 1))
        #expect(rig.takeSends().isEmpty && rig.takeReads().isEmpty)
        #expect(rig.takeNotices() == [.viewBegun(second)])
    }

    @Test func `only what follows the newest known view is news, and only once`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        _ = rig.takeRequests()
        let proofs = chain(from: rig.view, 3)
        rig.tell(proofs[1...])
        #expect(rig.takeNotices().isEmpty, "the link from view 1 is missing")
        rig.tell([])
        rig.tell(proofs[..<2])
        #expect(rig.takeNotices() == [.viewBegun(ViewNumber(3))])
        #expect(rig.takeRequests().count == 1)
        for replica in [1, 2, 3, 4] as [UInt16] { rig.tell(proofs[..<2], from: replica) }
        #expect(rig.takeNotices().isEmpty && rig.takeRequests().isEmpty)
        rig.tell(proofs)
        #expect(rig.takeNotices() == [.viewBegun(ViewNumber(4))])
        rig.step(
            .message(
                Verified(
                    .views(ViewChainPart(certificates: chain(from: proofs[2].next, 1))), sender: .client(rig.client))))
        #expect(rig.takeNotices().isEmpty, "no client tells of views")
    }

    // MARK: Fetched

    /// As any one replica would: so many at a time.
    private func serve(_ rig: Rig, _ proofs: [ViewCertificate]) -> Int {
        var served = 0
        while let fetch = rig.takeViewFetches().first {
            served += 1
            let rest = proofs.drop { $0.view < fetch.fetch.after }
            rig.tell(rest.prefix(ViewChainPart.certificatesMax), from: fetch.target.rawValue)
        }
        return served
    }

    @Test func `a client that slept through a hundred views is told of them by any one replica, without a wait`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        let newest = ViewNumber(101)
        rig.reply(request, .result([7]), from: [4], view: newest)
        #expect(serve(rig, chain(from: rig.view, 100)) == 2)
        #expect(rig.takeNotices() == [.viewBegun(ViewNumber(65)), .viewBegun(newest)])
        #expect(Set(rig.takeRequests()) == [request])
        rig.reply(request, .result([7]), from: [1, 2, 3], view: newest)
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[7]])
    }

    @Test func `a chain of exactly one part ends with a question that nobody answers`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([7]), from: [4], view: ViewNumber(65))
        #expect(serve(rig, chain(from: rig.view, 64)) == 2)
        #expect(rig.takeNotices() == [.viewBegun(ViewNumber(65))])
    }

    @Test func `a liar that names a huge view costs one question in a retry's time`() {
        let rig = Rig { configuration in configuration.retryMin = .milliseconds(100) }
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        let huge = ViewNumber(.max)
        for _ in 0..<50 {
            rig.reply(request, .result([6]), from: [4], view: huge)
            rig.answer(ReadRequest(number: 1, query: []), [6], version: 1, from: [4], view: huge)
        }
        #expect(rig.takeViewFetches().map(\.fetch) == [FetchViews(after: .genesis)])
        rig.now = rig.now + .milliseconds(99)
        rig.reply(request, .result([6]), from: [4], view: huge)
        #expect(rig.takeViewFetches().isEmpty)
        rig.now = rig.now + .milliseconds(1)
        for _ in 0..<50 { rig.reply(request, .result([6]), from: [4], view: huge) }
        #expect(rig.takeViewFetches().count == 1)
        // An answer that leads nowhere earns it no other question; others are asked all the same.
        rig.tell([], from: 4)
        rig.reply(request, .result([6]), from: [4], view: huge)
        #expect(rig.takeViewFetches().isEmpty && rig.takeNotices().isEmpty)
        rig.reply(request, .result([7]), from: [3], view: second)
        #expect(rig.takeViewFetches().map(\.target) == [ReplicaID(3)])
        rig.reply(request, .result([7]), from: [1, 2, 3])
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[7]])
    }

    @Test func `replies of an older view ask for nothing`() {
        let rig = Rig()
        _ = rig.opened()
        rig.tell(chain(from: rig.view, 1))
        rig.call()
        rig.reply(rig.takeRequests()[0], .result([7]), from: [1, 2, 3, 4])
        #expect(rig.takeCompletions().isEmpty && rig.takeViewFetches().isEmpty)
    }
}

@Suite struct ReconfigurationCallTests {
    private static func operation(on view: View) -> Reconfiguration {
        Reconfiguration(after: view, .arrange(view.plan))
    }

    /// A rig with such a call in flight.
    private func running(within: Interval? = nil) -> (rig: Rig, call: CallID, request: Request) {
        let rig = Rig()
        _ = rig.opened()
        let call = rig.call([], kind: .reconfiguration(Self.operation(on: rig.view)), within: within)
        return (rig, call, rig.takeRequests()[0])
    }

    @Test func `it travels as a request without a payload`() {
        let (rig, _, request) = running()
        #expect(request.kind == .reconfiguration(Self.operation(on: rig.view)) && request.payload.isEmpty)
        // Its slot is used again by a call of another kind.
        rig.reply(request, .reconfigured(.follows(ViewNumber(2))), from: [1, 2, 3])
        rig.call([4])
        let next = rig.takeRequests()
        #expect(next.map(\.kind) == [.operation] && next[0].payload == [4])
    }

    @Test func `its result is the number of the view that follows`() {
        let (rig, call, request) = running()
        rig.reply(request, .reconfigured(.follows(ViewNumber(12))), from: [1, 2])
        rig.reply(request, .reconfigured(.follows(ViewNumber(13))), from: [3])
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .reconfigured(.follows(ViewNumber(12))), from: [4])
        let completions = rig.takeCompletions()
        #expect(completions.map(\.call) == [call] && completions[0].outcome.bytes == Array("12".utf8))
    }

    @Test func `refused by a quorum it has failed, with the reason`() {
        let (rig, _, request) = running()
        rig.reply(request, .reconfigured(.refused("no")), from: [1, 2])
        rig.reply(request, .reconfigured(.refused("not so")), from: [3])
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .reconfigured(.refused("no")), from: [3])
        guard case .failed(let reason) = rig.takeCompletions().first?.outcome else {
            Issue.record("it has not failed")
            return
        }
        #expect(reason == .reconfigurationRefused("no"))
    }

    @Test func `once its view has ended it has failed, by one correct replica's word`() {
        let (rig, _, request) = running()
        rig.refuse(request, .viewEnded, from: [2, 2])
        rig.refuse(request, .overloaded, from: [1])
        #expect(rig.takeCompletions().isEmpty)
        rig.refuse(request, .viewEnded, from: [1])
        #expect(
            rig.takeCompletions().map(\.outcome)
                == [
                    .failed(
                        .reconfigurationRefused("another operation of the administrators was done since it was made"))
                ])
        #expect(rig.takeRequests().isEmpty)
    }

    @Test func `no result of an operation answers it, and it answers no operation`() {
        let (rig, _, request) = running()
        rig.reply(request, .result(Array("2".utf8)), from: [1, 2, 3, 4])
        rig.reply(request, .opened(SessionID(instance: Instance(9), place: 0)), from: [1, 2, 3, 4])
        #expect(rig.takeCompletions().isEmpty)
        rig.call([1])
        let other = rig.takeRequests()[0]
        rig.reply(other, .reconfigured(.follows(ViewNumber(2))), from: [1, 2, 3, 4])
        #expect(rig.takeCompletions().isEmpty)
    }

    @Test func `answered by some before the view that it makes, it is answered by all in that view`() {
        let (rig, _, request) = running()
        let follows = ReplyBody.reconfigured(.follows(ViewNumber(2)))
        rig.reply(request, follows, from: [1, 2])
        rig.tell(chain(from: rig.view, 1))
        #expect(rig.takeRequests() == [request])
        rig.reply(request, follows, from: [1, 2, 3], view: ViewNumber(2))
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [Array("2".utf8)])
    }

    @Test func `unanswered in time it may or may not have taken effect`() {
        let (rig, _, _) = running(within: .milliseconds(500))
        rig.pass(.seconds(1))
        guard case .unknown = rig.takeCompletions().first?.outcome else {
            Issue.record("it was sent, so nobody knows")
            return
        }
    }
}
