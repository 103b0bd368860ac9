// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@Suite("Whom a group serves")
struct AccessTableTests {
    private func key(_ number: UInt64) -> PublicKey { PublicKey(words: Words32(number, 0, 0, 0)) }
    private func client(_ number: UInt64) -> ClientID { ClientID(key(number)) }
    private func listed(_ numbers: UInt64...) -> AccessTable { AccessTable(.allowList(numbers.map(key))) }

    private func reason(_ table: AccessTable, _ change: AccessChange) -> String? {
        do {
            _ = try table.changed(by: change)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("An open group serves all but the expelled, another one those on its list")
    func policies() throws {
        #expect(AccessTable.open.admits(client(1)))
        let open = try AccessTable.open.changed(by: .expel([client(2), client(5)]))
        #expect(open.admits(client(1)) && !open.admits(client(2)) && !open.admits(client(5)))
        let list = listed(3, 1)
        #expect(list.entries.map(\.client) == [client(1), client(3)])
        #expect(list.admits(client(1)) && !list.admits(client(2)) && list.admits(client(3)))
        // Before the group is opened, so that it never serves them.
        let beforehand = try list.changed(by: .expel([client(2)])).changed(by: .policy(.open))
        #expect(!beforehand.admits(client(2)) && beforehand.admits(client(4)))
        let nobody = listed()
        #expect(!nobody.admits(client(1)))
        let closed = try open.changed(by: .policy(.listed))
        #expect(!closed.admits(client(1)))
        let opened = try list.changed(by: .expel([client(1)])).changed(by: .policy(.open))
        #expect(!opened.admits(client(1)) && opened.admits(client(2)), "who was expelled does not come back so")
    }

    @Test("A key that is replaced is shut out for good, and the new one has its limits")
    func replaced() throws {
        let limits = ClientLimits(sessionsMax: 3)
        let table = try listed(1).changed(by: .admit([AccessChange.Grant(client(2), limits)]))
            .changed(by: .replace(client(2), by: client(7)))
        #expect(!table.admits(client(2)) && table.admits(client(7)) && table.limits(of: client(7)) == limits)
        let opened = try table.changed(by: .policy(.open))
        #expect(!opened.admits(client(2)))
        let open = try AccessTable.open.changed(by: .replace(client(1), by: client(2)))
        #expect(!open.admits(client(1)) && open.admits(client(2)) && open.admits(client(3)))
    }

    @Test("What changes nothing, or cannot be, is refused with the reason, and nothing of it is done")
    func refused() throws {
        let table = try listed(1, 2).changed(by: .expel([client(2)]))
        let cases: [(AccessChange, String)] = [
            (.policy(.listed), "for listed clients already"), (.admit([AccessChange.Grant(client(1))]), "already"),
            (.expel([client(2)]), "expelled already"),
            (.expel([client(1), client(2)]), "expelled already"), (.forget([client(9)]), "neither"),
            (.replace(client(9), by: client(8)), "is not admitted"),
            (.replace(client(1), by: client(2)), "expelled already"), (.replace(client(1), by: client(1)), "itself"),
            (.expel([]), "names no client"), (.expel([client(1), client(1)]), "named twice"),
            (.expel([client(2), client(1)]), "ascending"),
            (.admit([AccessChange.Grant(client(5), ClientLimits(sessionsMax: .max))]), "1048576 at most"),
            (.expel((0...1024).map(client)), "1024 clients at most"),
        ]
        for (change, text) in cases {
            let reason = reason(table, change)
            #expect(reason?.contains(text) == true, "\(change): \(reason ?? "done")")
        }
        #expect(reason(table, .admit([AccessChange.Grant(client(1), ClientLimits(sessionsMax: 1))])) == nil)
        #expect(reason(table, .admit([AccessChange.Grant(client(2))])) == nil, "who was expelled may come back")
        #expect(reason(.open, .policy(.open))?.contains("open already") == true)
    }

    @Test("The table is full at some size, and what was said of the expelled can be forgotten")
    func full() throws {
        let most = UInt64(AccessTable.entriesMax)
        let table = AccessTable(policy: .open, entries: (0..<most).map { .expelled(client($0)) })
        #expect(reason(table, .expel([client(most)]))?.contains("forget some") == true)
        let room = try table.changed(by: .forget([client(3)]))
        #expect(room.admits(client(3)) && reason(room, .expel([client(most)])) == nil)
    }

    @Test("However it is changed, the table says what a naive one says", arguments: 0..<40 as Range<UInt64>)
    func naive(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        var table = AccessTable.open
        var (isOpen, said) = (true, [UInt64: Bool]())
        for _ in 0..<200 {
            let (one, other) = (next(12), next(12))
            let change: AccessChange
            switch next(6) {
            case 0: change = .policy(next(2) == 0 ? .open : .listed)
            case 1, 2: change = .admit([AccessChange.Grant(client(one))])
            case 3: change = .expel([client(one)])
            case 4: change = .forget([client(one)])
            default: change = .replace(client(one), by: client(other))
            }
            do {
                table = try table.changed(by: change)
            } catch {
                continue
            }
            switch change {
            case .policy(let policy): isOpen = policy == .open
            case .admit: said[one] = true
            case .expel: said[one] = false
            case .forget: said[one] = nil
            case .replace: (said[one], said[other]) = (false, true)
            }
            for number in 0..<12 as Range<UInt64> {
                #expect(table.admits(client(number)) == (said[number] ?? isOpen))
            }
            #expect(table.entries.map(\.client) == said.keys.sorted().map(client))
        }
    }

    @Test("A client's limits stand for the group's own, and never pass what all may have together")
    func limits() {
        var settings = GroupSettings()
        settings.batchRequestsMax = 100
        settings.batchBytesMax = 10_000
        settings.sessionsPerClientMax = 5
        settings.sessionsMax = 50
        #expect(ClientLimits.none.share(in: settings) == (25, 2_500) && ClientLimits.none.sessions(in: settings) == 5)
        let few = ClientLimits(sessionsMax: 1, batchRequestsMax: 3, batchBytesMax: 7)
        #expect(few.share(in: settings) == (3, 7) && few.sessions(in: settings) == 1)
        let many = ClientLimits(sessionsMax: 60, batchRequestsMax: 200, batchBytesMax: 1 << 20)
        #expect(many.share(in: settings) == (100, 10_000) && many.sessions(in: settings) == 50)
    }

    @Test("Administrators are always served, and why others are not fits into the answer to a greeting")
    func served() throws {
        let table = try listed(1).changed(by: .admit([AccessChange.Grant(client(2))])).changed(
            by: .expel([client(2)]))
        let served = ServedClients(table, administrators: [key(9)])
        #expect(served.contains(client(9)) && served.contains(client(1)))
        #expect(served.complaint(about: client(9)) == nil && served.complaint(about: client(1)) == nil)
        let stranger = try #require(served.complaint(about: client(5)))
        #expect(stranger.contains("martlet admin client add \(key(5))") && stranger.utf8.count <= 255)
        let expelled = try #require(served.complaint(about: client(2)))
        #expect(expelled.contains("expelled") && expelled.utf8.count <= 255)
    }
}
