// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

@Suite struct MatchingTests {
    @Test func `replies are counted per authenticated sender`() {
        let rig = Rig()
        _ = rig.opened()
        let call = rig.call()
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([7]), from: [1, 1, 1, 1])
        rig.reply(request, .result([7]), from: [9, 200])
        rig.step(
            .message(
                Verified(
                    .reply(Reply(view: .genesis, request: request.id, finality: .final, body: .result([7]))),
                    sender: .client(rig.client))))
        rig.reply(request, .result([7]), from: [2, 2])
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .result([7]), from: [4])
        let completions = rig.takeCompletions()
        #expect(completions.map(\.call) == [call])
        #expect(completions[0].outcome.bytes == [7])
        #expect(completions[0].outcome.certificate?.replicas == [ReplicaID(1), ReplicaID(2), ReplicaID(4)])
        #expect(completions[0].outcome.certificate?.basis == .final)
    }

    @Test func `a later reply of a replica takes the place of its earlier one`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([1]), from: [1, 2])
        rig.reply(request, .result([2]), from: [1])
        rig.reply(request, .result([1]), from: [3])
        #expect(rig.takeCompletions().isEmpty, "replica 1 does not say [1] any more")
        rig.reply(request, .result([2]), from: [4])
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .result([1]), from: [1])
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[1]])
    }

    @Test func `tentative or final replies of different epochs never make one quorum`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([7]), from: [1], tentative(1, 8))
        rig.reply(request, .result([7]), from: [2], tentative(2, 8))
        rig.reply(request, .result([7]), from: [3], tentative(1, 9))
        rig.reply(request, .result([7]), from: [4], .final)
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .result([7]), from: [3], tentative(2, 8))
        let outcome = rig.takeCompletions()[0].outcome
        #expect(outcome.certificate?.replicas == [ReplicaID(2), ReplicaID(3), ReplicaID(4)])
        #expect(
            outcome.certificate?.basis
                == .tentative(epoch: Epoch(view: .genesis, regency: Regency(2)), instance: Instance(8)))
    }

    @Test func `a tentative reply whose epoch is of another view counts for nothing`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        let odd = Finality.tentative(epoch: Epoch(view: ViewNumber(2), regency: .first), instance: Instance(8))
        rig.reply(request, .result([7]), from: [1, 2, 3, 4], odd)
        #expect(rig.takeCompletions().isEmpty)
    }

    @Test func `replies of another view are never counted, and whoever names a newer one is asked for its proof`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([7]), from: [1, 2])
        rig.reply(request, .result([7]), from: [3], view: ViewNumber(2))
        rig.reply(request, .result([7]), from: [4, 3, 4], view: ViewNumber(3))
        #expect(rig.takeCompletions().isEmpty)
        #expect(rig.takeNotices().isEmpty, "nothing is believed without proof")
        let fetches = rig.takeViewFetches()
        #expect(fetches.map(\.target) == [ReplicaID(3), ReplicaID(4)], "each is asked once")
        #expect(fetches.allSatisfy { $0.fetch == FetchViews(after: .genesis) })
    }

    @Test(arguments: [true, false])
    func `from f+1 replicas only final replies count, and only without unordered reads`(unorderedReads: Bool) {
        let rig = Rig(unorderedReads: unorderedReads)
        _ = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        rig.reply(request, .result([7]), from: [1], tentative(1, 8))
        rig.reply(request, .result([7]), from: [2], .final)
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .result([7]), from: [1], .final)
        #expect(rig.takeCompletions().count == (unorderedReads ? 0 : 1))
    }

    @Test func `in crash mode one final reply suffices only where f+1 would`() {
        let weak = Rig(n: 3, faultModel: .crash, unorderedReads: false)
        weak.allUp()
        weak.call()
        weak.reply(weak.takeRequests()[0], .opened(SessionID(instance: Instance(1), place: 0)), from: [2])
        weak.reply(weak.takeRequests()[0], .result([1]), from: [3])
        #expect(weak.takeCompletions().count == 1)

        let quorum = Rig(n: 3, faultModel: .crash)
        quorum.allUp()
        quorum.call()
        let opening = quorum.takeRequests()[0]
        quorum.reply(opening, .opened(SessionID(instance: Instance(1), place: 0)), from: [2])
        #expect(quorum.takeRequests().isEmpty)
        quorum.reply(opening, .opened(SessionID(instance: Instance(1), place: 0)), from: [1])
        quorum.reply(quorum.takeRequests()[0], .result([1]), from: [3, 1])
        #expect(quorum.takeCompletions().count == 1)
    }

    @Test func `a quorum is weighed, not counted`() {
        // n = 5, f = 1: replicas 1 and 2 weigh 2, the others 1; a quorum weighs 5 of 7.
        let rig = Rig(n: 5)
        _ = rig.opened()
        rig.call()
        let first = rig.takeRequests()[0]
        rig.reply(first, .result([1]), from: [3, 4, 5])
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(first, .result([1]), from: [1])
        #expect(rig.takeCompletions().count == 1)
        rig.call()
        rig.reply(rig.takeRequests()[0], .result([1]), from: [1, 2, 5])
        #expect(rig.takeCompletions().count == 1)
    }

    @Test func `replies to nothing that is awaited change nothing`() {
        let rig = Rig()
        let session = rig.opened()
        rig.call()
        let request = rig.takeRequests()[0]
        for id in [
            RequestID(client: rig.client, session: session, sequence: SequenceNumber(0)),
            RequestID(client: rig.client, session: session, sequence: SequenceNumber(2)),
            RequestID(client: rig.client, session: session, sequence: SequenceNumber(.max)),
            RequestID(client: rig.client, session: .none, sequence: SequenceNumber(1)),
            RequestID(
                client: rig.client, session: SessionID(instance: Instance(6), place: 0), sequence: SequenceNumber(1)),
            RequestID(
                client: ClientID(PublicKey(words: .zero)), session: session, sequence: request.id.sequence),
        ] {
            let forged = Request(id: id, kind: .operation, repliesKeptFrom: SequenceNumber(0), payload: [])
            rig.reply(forged, .result([6]), from: [1, 2, 3, 4])
            rig.refuse(forged, .accessDenied, from: [1, 2, 3, 4])
        }
        // Bodies that cannot answer an operation.
        rig.reply(request, .opened(session), from: [1, 2, 3, 4])
        rig.reply(request, .openingStale, from: [1, 2, 3, 4])
        #expect(rig.takeCompletions().isEmpty)
        rig.reply(request, .result([7]), from: [1, 2, 3, 4])
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[7]], "once, though a fourth reply followed")
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `the tally accepts what a naive twin accepts`(seed: UInt64) {
        var random = TestRandom(seed: seed)
        let shapes = [(4, 1), (5, 1), (7, 2), (9, 2)]
        let (n, f) = shapes.randomElement(using: &random) ?? (4, 1)
        var settings = GroupSettings()
        settings.hasUnorderedReads = random.chance(50)
        let view = testView(n: n, f: f, settings: settings)
        let rule = AcceptanceRule(view: view)
        var tally = ReplyTally()
        var latest: [(ReplyCertificate.Basis, ReplyBody)?] = Array(repeating: nil, count: n)
        for _ in 0..<60 {
            let replica = ReplicaIndex(Int.random(in: 0..<n, using: &random))
            let body = ReplyBody.result([random.chance(70) ? 1 : 2])
            let basis = randomBasis(&random)
            latest[replica.position] = (basis, body)
            let accepted = tally.count(basis, body, from: replica, rule: rule)
            #expect((accepted != nil) == isEnough(latest, replica.position, view))
            if let accepted {
                #expect(accepted.body == body)
                #expect(accepted.voters.contains(replica))
            }
        }
    }

    private func randomBasis(_ random: inout TestRandom) -> ReplyCertificate.Basis {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .final
        case 1: .read(version: Instance(UInt64.random(in: 1...2, using: &random)))
        default:
            .tentative(
                epoch: Epoch(view: .genesis, regency: Regency(UInt64.random(in: 1...2, using: &random))),
                instance: Instance(3))
        }
    }

    /// Tries each statement that the replica's latest reply can support.
    private func isEnough(
        _ latest: [(ReplyCertificate.Basis, ReplyBody)?], _ place: Int, _ view: View
    ) -> Bool {
        guard let (basis, body) = latest[place] else { return false }
        func voters(_ matches: (ReplyCertificate.Basis) -> Bool) -> ReplicaSet {
            ReplicaSet(
                latest.indices.filter { latest[$0].map { matches($0.0) && $0.1 == body } ?? false }.map {
                    ReplicaIndex($0)
                })
        }
        if case .read = basis { return view.isQuorum(voters { $0 == basis }) }
        let candidates: [ReplyCertificate.Basis] = basis == .final ? latest.compactMap { $0?.0 } : [basis]
        let isTentativeEnough = candidates.contains { candidate in
            if case .read = candidate { return false }
            return view.isQuorum(voters { $0 == candidate || $0 == .final })
        }
        let isFinalEnough =
            basis == .final && !view.settings.hasUnorderedReads && view.isWeakCertificate(voters { $0 == .final })
        return isTentativeEnough || isFinalEnough
    }
}
