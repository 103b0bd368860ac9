// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// Keys that are replaced and members that leave: what of them is heard, and how long they are needed (protocol §8).
@Suite("What former keys and former members may still do")
struct LeavingTests {
    /// A group that has done so many operations, and its administrators.
    private struct Fixture {
        let group: Group
        let change: Change
        private let client = Samples.client(1)
        private let session: SessionID

        init(
            n: Int = 4, isDurable: Bool = false, farewell: Interval = .seconds(1),
            operations: ClosedRange<UInt64> = 1...3
        ) throws {
            var settings = GroupSettings()
            settings.isDurable = isDurable
            settings.window = 4
            settings.checkpointPeriod = 16
            var timeouts = Timeouts()
            timeouts.farewell = farewell
            group = Group(
                view: try Samples.view(n: n, f: 1, model: .byzantine, settings: settings), timeouts: timeouts)
            session = group.openSession(client)
            change = Change(group, by: Samples.client(2))
            execute(operations)
        }

        func execute(_ operations: ClosedRange<UInt64>) { group.order(client, session, operations) }

        func order(_ operation: GroupOperation) {
            group.submit(change.request(operation))
            group.pass(milliseconds: 50)
        }

        /// Returns the newcomer's place.
        func replace(_ old: UInt16) -> Int {
            order(.add(Learner(Group.newcomer(4), replacing: ReplicaID(old))))
            return group.join(4, toldBy: 1)
        }
    }

    private func rekeyed(_ place: Int, _ key: UInt64, in group: Group) -> GroupOperation {
        let old = group.view.members[place]
        return .update(
            Member(id: old.id, key: Samples.key(key), host: old.host, port: old.port, isHeavy: false))
    }

    private func voters(for digest: Digest, at instance: Instance, in core: borrowing ReplicaCore) -> Int {
        guard core.window.contains(instance) else { return 0 }
        return core.window[instance].rounds.reduce(0) { $0 + Array($1.writes.voters(for: digest)).count }
    }

    @Test("a vote that a thief casts early, in the view that will replace his key, counts nothing there")
    func thiefVotesEarly() throws {
        let fixture = try Fixture()
        let group = fixture.group
        let stolen = group.view.members[3].key
        let digest = Samples.digest(
            of: Batch(
                instance: Instance(9), born: Epoch(view: ViewNumber(2), regency: .first), time: .zero, entries: []))
        let last = group.status(1).decided
        func vote(_ instance: Instance) -> PeerMessage {
            .write(WriteVote(epoch: Epoch(view: ViewNumber(2), regency: .first), instance: instance, digest: digest))
        }
        // The operation is the next instance or the one after: opening the administrators' session came before.
        for distance in 1...4 as ClosedRange<Int> {
            group.inject(vote(last + distance), from: 3, to: 1, holding: stolen)
        }
        fixture.order(rekeyed(3, 555, in: group))
        #expect(group.status(1).view.number == ViewNumber(2))
        let next = group.status(1).decided.next
        #expect(next <= last + 4)
        #expect(voters(for: digest, at: next, in: group.nodes[1].core) == 0)
        // Nor does what waited for this replica's attention in the meantime; with the new key it does.
        group.inject(vote(next), from: 3, to: 1, holding: stolen)
        #expect(voters(for: digest, at: next, in: group.nodes[1].core) == 0)
        group.inject(vote(next), from: 3, to: 1, holding: Samples.key(555))
        #expect(voters(for: digest, at: next, in: group.nodes[1].core) == 1)
    }

    @Test("all are looked for where the newest view lists them, with the keys that they have there")
    func newestAddresses() throws {
        let view = try Samples.view(n: 4, f: 1, model: .byzantine, settings: GroupSettings())
        let old = view.members[2]
        let moved = Member(id: old.id, key: Samples.key(555), host: "elsewhere", port: 99, isHeavy: false)
        let newest = try view.successor(Reconfiguration(after: view, .update(moved), shares: [Samples.administrator]))
        let peers = Peers(of: view, newest: newest, own: view.members[0])
        #expect(peers.all.map(\.id) == view.members.map(\.id))
        #expect(peers.all[2] == moved.weighted(isHeavy: old.isHeavy))
    }

    @Test("decisions of a former member that end the view in which it was still known stop nobody")
    func decisionsOfAFormerMember() throws {
        let fixture = try Fixture(farewell: .seconds(10))
        let group = fixture.group
        _ = fixture.replace(0)
        group.pass(milliseconds: 3_000)
        #expect(group.status(1).view.index(of: ReplicaID(0)) == nil)
        let before = group.status(1).view
        group.passes = { $0.to != 1 }
        var settings = before.settings
        settings.window = 5
        fixture.order(
            .arrange(ViewPlan(heavy: before.plan.heavy, leaderOrder: before.plan.leaderOrder, settings: settings)))
        var kept: [PeerMessage] = []
        group.passes = { parcel in
            guard parcel.to == 1 else { return true }
            switch parcel.message {
            case .decisions:
                kept.append(parcel.message)
                return false
            case .views, .progress: return true
            default: return false
            }
        }
        group.pass(milliseconds: 1_500)
        #expect(group.status(1).view == before && !kept.isEmpty)
        for message in kept { group.inject(message, from: 0, to: 1) }
        #expect(group.status(1).view.number == before.number.next)
    }

    @Test("a removed replica stays until a quorum has been seen in the view without it")
    func staysWhileNeeded() throws {
        let fixture = try Fixture()
        let group = fixture.group
        _ = fixture.replace(3)
        // It learns of the view, and of nobody's being in it.
        group.passes = { parcel in
            if case .progress(let it) = parcel.message { return parcel.to != 3 || it.epoch.view < ViewNumber(3) }
            return parcel.to != 3 || !Self.isVote(parcel.message, since: ViewNumber(3))
        }
        group.pass(milliseconds: 5_000)
        #expect(group.nodes[3].notices.contains { if case .leftGroup = $0 { true } else { false } })
        #expect(group.nodes[3].hasLeft == nil)
        #expect(group.nodes[3].notices.contains { if case .stillNeeded = $0 { true } else { false } })
        group.passes = { _ in true }
        group.pass(milliseconds: 3_000)
        #expect(group.nodes[3].hasLeft == ViewNumber(3))
    }

    private static func isVote(_ message: PeerMessage, since view: ViewNumber) -> Bool {
        switch message {
        case .propose(let it): it.epoch.view >= view
        case .write(let it): it.epoch.view >= view
        case .accept(let it): it.epoch.view >= view
        case .install(let it): it.view >= view
        case .stop(let it): it.view >= view
        case .stopData(let it): it.epoch.view >= view
        default: false
        }
    }

    @Test("a removed replica that alone has the proof of the view hands it on after all have lost power")
    func proofAfterPowerLoss() throws {
        let fixture = try Fixture(isDurable: true, operations: 1...20)
        let group = fixture.group
        let place = fixture.replace(0)
        group.nodes[3].isUp = false
        let added = group.status(1).view.number
        group.passes = { parcel in
            if case .install(let it) = parcel.message, it.view >= added { return parcel.to == 0 }
            if case .views = parcel.message { return parcel.from != 0 }
            return true
        }
        group.pass(milliseconds: 3_000)
        #expect(group.nodes[0].notices.contains { if case .leftGroup = $0 { true } else { false } })
        #expect(group.status(1).view.number == added && group.status(2).view.number == added)
        for node in [0, 1, 2, place] { group.loseAndRestorePower(node) }
        group.passes = { parcel in
            if case .install = parcel.message { return false }
            return true
        }
        group.pass(milliseconds: 5_000)
        #expect(group.status(1).view.number > added && group.status(2).view.number > added)
        group.passes = { _ in true }
        group.pass(milliseconds: 5_000)
        #expect(group.nodes[0].hasLeft != nil)
    }

    @Test("a removed replica that restarts with a state from the end of its last view does not enter the next")
    func restoredBeyondItsView() throws {
        let fixture = try Fixture(n: 5, isDurable: true, farewell: .seconds(10))
        let group = fixture.group
        // The instance that ends the view is one after which a checkpoint is taken.
        var sequence: UInt64 = 4
        while sequence < 20 || (group.status(0).decided.rawValue + 1) % 16 != 0 {
            fixture.execute(sequence...sequence)
            sequence += 1
        }
        fixture.order(.remove(ReplicaID(3)))
        group.pass(milliseconds: 1_000)
        let left = group.status(3).view.number
        #expect(group.status(0).view.number == left.next && group.status(3).decided.rawValue % 16 == 0)
        group.loseAndRestorePower(3)
        #expect(group.status(3).decided.rawValue % 16 == 0, "with the state after the last instance")
        group.pass(milliseconds: 1_000)
        #expect(group.status(3).view.number == left)
    }
}
