// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

/// A client that knows the first view only, and a group of which hardly anybody is left.
@Suite struct LongSleepTests {
    /// In each view the member that has been there longest is replaced: after four of them nobody is left of the first.
    private func proofs(from view: View, _ count: Int) -> [ViewCertificate] {
        var newest = view
        return (0..<count).map { number in
            let members = Array(newest.members.dropFirst()) + [testMember(UInt16(100 + number))]
            let proof = following(newest, members: members)
            newest = proof.next
            return proof
        }
    }

    /// Has that replica answer what it is asked, as long as it is asked anything.
    private func serve(_ rig: Rig, _ proofs: [ViewCertificate], by replica: UInt16) -> Int {
        var served = 0
        while let fetch = rig.takeViewFetches().first(where: { $0.target.rawValue == replica }) {
            served += 1
            rig.tell(proofs.drop { $0.view < fetch.fetch.after }.prefix(64), from: replica)
        }
        return served
    }

    @Test func `one former member leads through a hundred views, and is let go when members say that that is all`() {
        let rig = Rig()
        let call = rig.call()
        let proofs = proofs(from: rig.view, 100)
        rig.step(.linkUp(ReplicaID(3), view: ViewNumber(101)))
        #expect(serve(rig, proofs, by: 3) == 2)
        #expect(rig.core.view == proofs[99].next)
        let newest: [UInt16] = [196, 197, 198, 199]
        // Those of view 65 as well: they are asked if he falls silent.
        #expect(rig.takeAudience() == newest + [160, 161, 162, 163, 1, 2, 3, 4])
        rig.step(.linkUp(ReplicaID(196), view: ViewNumber(101)))
        #expect(rig.takeAudience() == nil, "a liar may say so")
        rig.step(.linkUp(ReplicaID(197), view: ViewNumber(101)))
        #expect(rig.takeAudience() == newest)
        rig.step(.linkUp(ReplicaID(198), view: ViewNumber(101)))
        let opening = rig.takeRequests()[0]
        let session = SessionID(instance: Instance(9_000), place: 0)
        rig.reply(opening, .opened(session), from: [196, 197, 198], view: ViewNumber(101))
        rig.reply(rig.takeRequests()[0], .result([7]), from: [196, 197, 198], view: ViewNumber(101))
        #expect(rig.takeCompletions().map(\.call) == [call])
    }

    @Test func `when the guide falls silent half way, any other that can be reached leads on`() {
        for other in [2, 161] as [UInt16] {
            let rig = Rig()
            let proofs = proofs(from: rig.view, 100)
            rig.step(.linkUp(ReplicaID(3), view: ViewNumber(101)))
            _ = rig.takeViewFetches()
            rig.tell(proofs[..<64], from: 3)
            #expect(rig.takeViewFetches().map(\.fetch) == [FetchViews(after: ViewNumber(65))])
            rig.step(.linkDown(ReplicaID(3)))
            rig.step(.linkUp(ReplicaID(other), view: ViewNumber(101)))
            #expect(serve(rig, proofs, by: other) == 1)
            #expect(rig.core.view.number == ViewNumber(101))
        }
    }

    @Test func `who says to know more is asked, once for each link, and holds nothing up`() {
        let rig = Rig()
        rig.allUp()
        #expect(rig.takeViewFetches().isEmpty)
        rig.step(.linkDown(ReplicaID(4)))
        rig.step(.linkUp(ReplicaID(4), view: ViewNumber(.max)))
        rig.step(.linkUp(ReplicaID(4), view: ViewNumber(.max)))
        #expect(rig.takeViewFetches().map(\.target.rawValue) == [4])
        rig.tell([], from: 4)
        rig.call()
        rig.reply(rig.takeRequests()[0], .opened(SessionID(instance: Instance(5), place: 0)), from: [1, 2, 3])
        rig.reply(rig.takeRequests()[0], .result([7]), from: [1, 2, 3])
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[7]])
        let next = following(rig.view, members: [2, 3, 4, 5].map { testMember($0) })
        rig.tell([next])
        #expect(rig.takeAudience() == [2, 3, 4, 5], "two others say that they know no more")
    }

    @Test func `members that are behind are no reason to keep former ones`() {
        let rig = Rig()
        rig.allUp()
        rig.tell(proofs(from: rig.view, 2))
        #expect(rig.takeAudience() == [3, 4, 100, 101], "3 and 4 are linked, and one of them is correct")
    }

    @Test func `former members are kept while too few are linked, and only so many`() {
        let rig = Rig()
        rig.step(.linkUp(ReplicaID(2)))
        var newest = rig.view
        for round in 0..<40 {
            let ids = (0..<4).map { UInt16(10 + 4 * round + $0) }
            let proof = following(newest, members: ids.map { testMember($0) })
            newest = proof.next
            rig.tell([proof], from: 2)
            #expect(rig.core.view == newest)
        }
        let audience = rig.core.audience.map(\.id.rawValue)
        #expect(audience.count == 4 + LinkStates.formerMax && audience.contains(2))
        #expect(Array(audience.prefix(4)) == [166, 167, 168, 169])
    }

    @Test func `strangers tell nothing, and former members nothing but views`() {
        let rig = Rig()
        _ = rig.opened()
        let proof = following(rig.view, members: [5, 6, 7, 8].map { testMember($0) })
        rig.tell([proof], from: 50)
        #expect(rig.core.view == rig.view)
        rig.tell([proof], from: 1)
        let further = following(proof.next, members: [5, 6, 7, 9].map { testMember($0) })
        rig.call([1])
        rig.tell([further], from: 2)
        #expect(rig.core.view == further.next && rig.core.audience.map(\.id.rawValue) == [5, 6, 7, 9, 8, 1, 2, 3, 4])
        for id in [5, 6] as [UInt16] { rig.step(.linkUp(ReplicaID(id), view: ViewNumber(3))) }
        rig.tell([following(further.next, members: [1, 2, 3, 4].map { testMember($0) })], from: 2)
        #expect(rig.core.view == further.next, "it has been let go, and its link is closed")
    }

    @Test func `a key that has come back under another id needs one link only`() {
        let rig = Rig()
        let proof = following(
            rig.view, members: [testMember(5, key: 1, port: 7001)] + [2, 3, 4].map { testMember($0) })
        rig.tell([proof], from: 2)
        #expect(rig.takeAudience() == [5, 2, 3, 4])
    }
}
