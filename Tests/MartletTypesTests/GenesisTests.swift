// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@Suite struct GenesisTests {
    private func genesis(
        name: String = "group", f: Int = 1, administrators: [PublicKey] = [key(9)], needed: Int = 1,
        access: ClientAccess = .open, settings: GroupSettings = GroupSettings()
    ) throws(ViewError) -> Genesis {
        try Genesis(
            name: name, faultModel: .byzantine, f: f, members: Shape(faultModel: .byzantine, n: 4, f: 1).members(),
            administrators: administrators, administratorsNeeded: needed, clientAccess: access, settings: settings)
    }

    private func isRefused(_ reason: String, _ make: () throws -> Genesis) {
        let error = #expect(throws: ViewError.self, "\(reason)") { try make() }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func theFirstViewIsNumberOneInTheMembersOrder() throws {
        let view = try genesis().firstView(group: Digest(words: Words32(1, 2, 3, 4)))
        #expect(view.number == .genesis)
        #expect(view.group == Digest(words: Words32(1, 2, 3, 4)))
        #expect(view.leaderOrder.map(\.position) == [0, 1, 2, 3])
        #expect(view[view.leader(of: .first)].id == ReplicaID(1))
    }

    @Test func anImpossibleGroupIsNotFounded() {
        isRefused("at least 7") { try genesis(f: 2) }
        var settings = GroupSettings()
        settings.checkpointPeriod = 0
        isRefused("checkpointPeriod") { try genesis(settings: settings) }
    }

    @Test func asManyAdministratorsAreNeededAsThereAre() throws {
        isRefused("2 of 1 administrators") { try genesis(needed: 2) }
        isRefused("0 of 1 administrators") { try genesis(needed: 0) }
        isRefused("1 of 0 administrators") { try genesis(administrators: [], needed: 1) }
        isRefused("-1 of 0 administrators") { try genesis(administrators: [], needed: -1) }
        isRefused("listed twice") { try genesis(administrators: [key(9), key(9)], needed: 2) }
        isRefused("at most 128 administrators") {
            try genesis(administrators: (1...129).map { key($0) }, needed: 1)
        }
        _ = try genesis(administrators: [], needed: 0)
        _ = try genesis(administrators: [key(9), key(8), key(7)], needed: 2)
    }

    @Test func namesAreShort() throws {
        _ = try genesis(name: String(repeating: "x", count: 64))
        isRefused("at most 64 bytes, not 66") { try genesis(name: String(repeating: "ü", count: 33)) }
    }

    @Test func onlyListedClientsAreAdmitted() throws {
        let listed = try genesis(access: .allowList([key(1), key(2)])).clientAccess
        #expect(listed.admits(ClientID(key(2))))
        #expect(!listed.admits(ClientID(key(3))))
        #expect(ClientAccess.open.admits(ClientID(key(3))))
        isRefused("client's key is listed twice") { try genesis(access: .allowList([key(1), key(1)])) }
    }
}
