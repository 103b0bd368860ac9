// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@Suite struct ViewTests {
    private static let shape = Shape(faultModel: .byzantine, n: 4, f: 1)

    /// A view like the good one, changed.
    private func view(
        number: ViewNumber = .genesis, faultModel: FaultModel = .byzantine, f: Int = 1,
        members: [Member] = Self.shape.members(), order: [UInt16]? = nil, settings: GroupSettings = GroupSettings()
    ) throws(ViewError) -> View {
        try View(
            group: .zero, number: number, faultModel: faultModel, f: f, members: members,
            leaderOrder: order?.map { ReplicaID($0) } ?? members.map(\.id), settings: settings)
    }

    private func isRefused(_ reason: String, _ make: () throws -> View) {
        let error = #expect(throws: ViewError.self, "\(reason)") { try make() }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    private func changed(
        _ place: Int, id: UInt16? = nil, key: PublicKey? = nil, host: String? = nil, port: Int? = nil,
        isHeavy: Bool? = nil
    ) -> [Member] {
        var members = Self.shape.members()
        let old = members[place]
        members[place] = Member(
            id: id.map { ReplicaID($0) } ?? old.id, key: key ?? old.key, host: host ?? old.host,
            port: port ?? old.port, isHeavy: isHeavy ?? old.isHeavy)
        return members
    }

    @Test func membersMustSufficeForTheFaults() {
        isRefused("at least 4") { try view(members: Array(Self.shape.members().prefix(3))) }
        isRefused("at least 7") { try view(f: 2) }
        isRefused("at least 5") { try view(faultModel: .crash, f: 2) }
        isRefused("f = 0 means one replica, not 4") { try view(f: 0) }
        isRefused("cannot tolerate") { try view(f: -1) }
        isRefused("cannot tolerate") { try view(f: .max) }
        isRefused("cannot tolerate") { try view(faultModel: .crash, f: .min) }
        isRefused("1 to 128 members, not 0") { try view(members: []) }
        isRefused("1 to 128 members, not 129") {
            let members = Shape(faultModel: .byzantine, n: 128, f: 1).members()
            return try view(members: members + [members[0]])
        }
    }

    @Test func membersMustDiffer() {
        isRefused("two members have the id 1") { try view(members: changed(3, id: 1), order: [1, 2, 3, 4]) }
        isRefused("members 1 and 4 have the same key") { try view(members: changed(3, key: key(1))) }
        isRefused("same address localhost:1000") { try view(members: changed(3, port: 1000)) }
    }

    @Test func addressesMustBePossible() {
        isRefused("member 4 has the port 0") { try view(members: changed(3, port: 0)) }
        isRefused("has the port 65536") { try view(members: changed(3, port: 65_536)) }
        isRefused("has the port -1") { try view(members: changed(3, port: -1)) }
        isRefused("host name of 0 bytes") { try view(members: changed(3, host: "")) }
        isRefused("host name of 256 bytes") {
            try view(members: changed(3, host: String(repeating: "ü", count: 128)))
        }
    }

    @Test func theHeavyMembersAreAsManyAsTheRuleSays() {
        isRefused("2 members must be heavy, not 3") { try view(members: changed(3, isHeavy: true)) }
        isRefused("2 members must be heavy, not 1") { try view(members: changed(0, isHeavy: false)) }
    }

    @Test func theLeaderOrderIsAPermutation() {
        isRefused("1 is wrong") { try view(order: [1, 1, 2, 3]) }
        isRefused("5 is wrong") { try view(order: [1, 2, 3, 5]) }
        isRefused("names 3 of 4") { try view(order: [1, 2, 3]) }
        isRefused("4 is wrong") { try view(order: [1, 2, 3, 4, 4]) }
    }

    @Test func settingsHaveBoundsAndTheErrorNamesThem() {
        var settings = GroupSettings()
        settings.window = 0
        isRefused("window is 0, but must be from 1 to 1024") { try view(settings: settings) }
        settings = GroupSettings()
        settings.clockBoundMilliseconds = 1
        isRefused("clockBoundMilliseconds") { try view(settings: settings) }
        settings = GroupSettings()
        settings.measuringPermille = 1_001
        isRefused("measuringPermille") { try view(settings: settings) }
        settings = GroupSettings()
        settings.goalPermille = 999
        isRefused("goalPermille") { try view(settings: settings) }
        settings = GroupSettings()
        settings.window = 251
        isRefused("calculationPeriod is 500, but must be at least 502") { try view(settings: settings) }
        settings.measuringPermille = 0
        #expect(throws: Never.self) { try view(settings: settings) }
        isRefused("the first view has the number 1") { try view(number: ViewNumber(0)) }
    }

    @Test func membersAreFoundByIdAndKey() throws {
        let ids: [UInt16] = [40, 10, 30, 20]
        let members = zip(Self.shape.members(), ids).map {
            Member(id: ReplicaID($1), key: $0.key, host: $0.host, port: $0.port, isHeavy: $0.isHeavy)
        }
        let view = try view(members: members, order: [10, 20, 30, 40])
        for (place, id) in ids.enumerated() { #expect(view.index(of: ReplicaID(id)) == ReplicaIndex(place)) }
        for id in [0, 15, 50] as [UInt16] { #expect(view.index(of: ReplicaID(id)) == nil) }
        #expect(view.index(of: key(3)) == ReplicaIndex(2))
        #expect(view.index(of: key(9)) == nil)
    }

    /// leader(v, r) = order[(r − 1) mod n], from regency 1 to the largest.
    @Test func leadersFollowEachOther() throws {
        let view = try view(order: [3, 1, 4, 2])
        let leaders = (1...9).map { view[view.leader(of: Regency($0))].id.rawValue }
        #expect(leaders == [3, 1, 4, 2, 3, 1, 4, 2, 3])
        // 2^64 - 2 is 2 modulo 4.
        #expect(view[view.leader(of: Regency(.max))].id == ReplicaID(4))
    }

    @Test func zeroIsNoRegency() async {
        await #expect(processExitsWith: .failure) {
            _ = try Shape(faultModel: .byzantine, n: 4, f: 1).view().leader(of: .none)
        }
    }

    @Test func viewsThatDifferAnywhereAreNotEqual() throws {
        var settings = GroupSettings()
        settings.window = 3
        let views = [
            try view(), try view(number: ViewNumber(2)), try view(order: [4, 3, 2, 1]), try view(settings: settings),
            try view(members: changed(0, host: "elsewhere")),
        ]
        for (place, one) in views.enumerated() {
            for (other, two) in views.enumerated() { #expect((one == two) == (place == other)) }
        }
    }
}
