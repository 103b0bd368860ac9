// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

@Suite("The views that are known")
struct KnownViewTests {
    /// View v ends with instance 10 · v.
    static func chain(_ count: Int) throws -> (views: KnownViews, groups: [TestGroup]) {
        var groups = [try TestGroup(n: 5)]
        let views = KnownViews(groups[0].view)
        for place in 0..<count {
            groups.append(try groups[place].following(heavy: place % 2 == 0 ? [3, 4] : [0, 1]))
            views.add(Self.proof(of: groups[place + 1].view))
        }
        return (views, groups)
    }

    /// Unsigned: whoever adds it has checked that.
    static func proof(of next: View, last: UInt64? = nil) -> ViewCertificate {
        let before = next.number.rawValue - 1
        return ViewCertificate(
            view: ViewNumber(before), last: Instance(last ?? 10 * before), next: next, shares: [])
    }

    @Test("each view governs the instances from its predecessor's end to its own, the newest all that follow")
    func instances() throws {
        let (views, groups) = try Self.chain(2)
        #expect(views.newest == groups[2].view)
        func governed(_ number: UInt64) -> [Bool] {
            [0, 1, 10, 11, 20, 21, .max].map { views.entry(ViewNumber(number))?.governs(Instance($0)) ?? false }
        }
        #expect(governed(1) == [false, true, true, false, false, false, false])
        #expect(governed(2) == [false, false, false, true, true, false, false])
        #expect(governed(3) == [false, false, false, false, false, true, true])
        for unknown in [0, 4, .max] as [UInt64] { #expect(views.entry(ViewNumber(unknown)) == nil) }
    }

    @Test("only what follows the newest view is taken in")
    func order() throws {
        let (views, groups) = try Self.chain(2)
        let next = try groups[2].following(heavy: [1, 2]).view
        let other = try groups[1].following(heavy: [1, 2]).view
        let later = try TestGroup(n: 5, view: ViewNumber(5)).view
        let misnumbered = ViewCertificate(view: ViewNumber(3), last: Instance(30), next: later, shares: [])
        for wrong in [
            Self.proof(of: groups[1].view), Self.proof(of: other), Self.proof(of: later), misnumbered,
            Self.proof(of: next, last: 20),
        ] {
            views.add(wrong)
            #expect(views.newest == groups[2].view)
            #expect(views.entry(ViewNumber(3))?.last == nil)
        }
        views.add(Self.proof(of: next, last: 21))
        #expect(views.newest == next)
        #expect(views.entry(ViewNumber(3))?.last == Instance(21))
        #expect(views.entry(ViewNumber(4))?.first == Instance(22))
    }

    @Test("a long chain is told in parts that follow each other")
    func parts() throws {
        let (views, groups) = try Self.chain(100)
        #expect(views.newest.number == ViewNumber(101))
        let start = views.chain(after: .genesis).certificates
        #expect(start.map(\.next) == groups[1...64].map(\.view))
        let rest = views.chain(after: ViewNumber(65)).certificates
        #expect(rest.map(\.next) == groups[65...].map(\.view))
        #expect(rest.first?.last == Instance(650))
        for number in [0, 101, 102, .max] as [UInt64] {
            #expect(views.chain(after: ViewNumber(number)).certificates.isEmpty)
        }
    }

    @Test("a chain that begins in the middle knows what leads on from there")
    func middle() throws {
        let group = try TestGroup(n: 5, view: ViewNumber(7))
        let views = KnownViews(group.view)
        let next = try group.following(heavy: [3, 4]).view
        views.add(Self.proof(of: next))
        #expect(views.chain(after: ViewNumber(7)).certificates.map(\.next) == [next])
        for number in [1, 6, 8] as [UInt64] {
            #expect(views.chain(after: ViewNumber(number)).certificates.isEmpty)
        }
        #expect(views.entry(ViewNumber(6)) == nil)
    }

    @Test("fetched batches may be as large as any of the views allowed")
    func batches() throws {
        let first = try TestGroup(n: 5)
        let views = KnownViews(first.view)
        let larger = try first.following(heavy: [0, 1], batchRequestsMax: 2_000)
        views.add(Self.proof(of: larger.view))
        #expect(views.batchEntriesMax == 2_005)
        views.add(Self.proof(of: try larger.following(heavy: [0, 1], batchRequestsMax: 10).view))
        #expect(views.batchEntriesMax == 2_005)
    }
}
