// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

@Suite("Voting again after votes were lost (protocol §7)")
struct RejoinTests {
    private let group: Group
    private let client = Samples.client(1)
    private let session: SessionID

    init() throws {
        group = try Group()
        session = group.openSession(client)
        group.order(client, session, 1...20)
    }

    /// In which views each replica has voted, from now on.
    private func recordVotes() -> VoteRecord {
        let record = VoteRecord()
        group.rewrite = { parcel in
            switch parcel.message {
            case .write(let vote): record.views[parcel.from].insert(vote.epoch.view.rawValue)
            case .accept(let vote): record.views[parcel.from].insert(vote.epoch.view.rawValue)
            case .stopData(let data): record.views[parcel.from].insert(data.epoch.view.rawValue)
            case .checkpoint(let vote): record.views[parcel.from].insert(vote.view.rawValue)
            case .install(let install): record.views[parcel.from].insert(install.view.rawValue)
            case .operation(let operation): record.operations.append((parcel.from, operation))
            default: break
            }
            return parcel.message
        }
        return record
    }

    private final class VoteRecord {
        var views = Array(repeating: Set<UInt64>(), count: 4)
        var operations: [(from: Int, operation: ReplicaOperation)] = []
    }

    private func forget(_ place: Int, as incarnation: UInt64) {
        group.restart(place, mode: .learner, incarnation: incarnation)
    }

    private func rejoin(_ incarnation: UInt64, of place: Int, in view: UInt64 = 1, number: UInt64) -> ReplicaOperation {
        ReplicaOperation(
            request: .rejoin(
                Rejoin(view: ViewNumber(view), incarnation: incarnation), number: SequenceNumber(number),
                by: group.view.members[place].key))
    }

    private func tell(_ operation: ReplicaOperation, of place: Int) {
        for to in 0..<4 { group.inject(.operation(operation), from: place, to: to) }
        group.pass(milliseconds: 100)
    }

    @Test(
        "By a REJOIN of its own a member votes in the view that follows, and the group can miss another again",
        arguments: [0, 2])
    func admitted(place: Int) {
        let votes = recordVotes()
        forget(place, as: 77)
        group.pass(milliseconds: 3_000)
        #expect(group.status(place).mode == .voter)
        for member in 0..<4 {
            #expect(group.status(member).view.number == ViewNumber(2))
            #expect(group.status(member).view.incarnations.map(\.number) == [77])
            #expect(group.status(member).view.plan == group.view.plan)
        }
        group.order(client, session, 21...30)
        #expect(votes.views[place] == [2])
        // Without that one's vote there would be no quorum.
        group.nodes[3].isUp = false
        group.order(client, session, 31...40)
        group.pass(milliseconds: 3_000)
        #expect(group.executed(1).count == 40 && group.status(place).decided == group.status(1).decided)
        #expect(votes.operations.count { $0.operation.request.kind == .rejoin } >= 1)
    }

    @Test("Its next incarnation follows in that view without a vote, and votes in one of its own when it has waited")
    func next() {
        forget(2, as: 77)
        group.pass(milliseconds: 3_000)
        let votes = recordVotes()
        forget(2, as: 78)
        group.pass(milliseconds: 3_000)
        group.order(client, session, 21...30)
        #expect(votes.views[2].isEmpty && group.status(2).mode == .learner)
        #expect(group.status(2).view.number == ViewNumber(2) && group.status(2).decided == group.status(0).decided)
        // It knows how long the others have it wait.
        #expect(votes.operations.isEmpty)
        group.pass(milliseconds: 10_000)
        group.order(client, session, 31...40)
        #expect(group.status(2).view.incarnations == [group.status(0).view.incarnations[0]])
        #expect(group.status(2).view.incarnations[0].number == 78 && group.status(2).view.incarnations[0].times == 2)
        #expect(votes.views[2] == [3])
    }

    @Test("A view that only another incarnation's REJOIN made admits nobody else")
    func another() {
        group.passes = { if $0.from == 2, case .operation = $0.message { false } else { true } }
        let votes = recordVotes()
        forget(2, as: 78)
        group.pass(milliseconds: 500)
        tell(rejoin(77, of: 2, number: 1), of: 2)
        group.order(client, session, 21...30)
        #expect(group.status(2).view.incarnations.map(\.number) == [77])
        #expect(group.status(2).mode == .learner && votes.views[2].isEmpty)
    }

    @Test("A REJOIN again, of a view before or to come, under a used number, of nobody: nothing follows")
    func replayed() {
        forget(2, as: 77)
        group.pass(milliseconds: 3_000)
        let next = ViewNumber(2)
        #expect(group.status(0).view.number == next)
        group.pass(milliseconds: 30_000)
        for operation in [
            rejoin(77, of: 2, number: 1), rejoin(79, of: 2, in: 2, number: 1), rejoin(80, of: 2, in: 1, number: 50),
            rejoin(81, of: 2, in: 3, number: 51), rejoin(77, of: 2, in: 2, number: 52),
            rejoin(0, of: 2, in: 2, number: 53),
        ] {
            tell(operation, of: 2)
            #expect(group.status(0).view.number == next, "\(operation)")
        }
        #expect(group.status(2).mode == .voter)
        // Had any of them been ordered, its number would be used up.
        tell(rejoin(82, of: 2, in: 2, number: 54), of: 2)
        #expect(group.status(0).view.number == ViewNumber(3))
    }

    @Test("Nobody votes for a batch that lists it together with anything else; the next leader orders it alone")
    func together() {
        let operation = Samples.operation(client, session, 21)
        group.submit(operation, to: [1, 2, 3])
        var lies = 0
        // The leader's own proposal of it alone becomes another for all others, who are a quorum.
        group.rewrite = { parcel in
            guard parcel.from == 0, case .propose(let propose) = parcel.message, propose.batch.entries.count == 1,
                propose.batch.entries[0].id.session == .ofReplicas
            else { return parcel.message }
            lies += 1
            return .propose(
                Propose(
                    epoch: propose.epoch,
                    batch: Batch(
                        instance: propose.batch.instance, born: propose.batch.born, time: propose.batch.time,
                        entries: propose.batch.entries + [Samples.entry(operation)])))
        }
        tell(rejoin(77, of: 3, number: 1), of: 3)
        group.pass(milliseconds: 3_000)
        #expect(lies > 0)
        for place in 0..<4 {
            #expect(group.executed(place).count == 21 && group.status(place).view.number == ViewNumber(2))
            #expect(
                group.nodes[place].notices.contains { notice in
                    if case .regencyInstalled(let epoch, _, _) = notice { epoch.view == .genesis } else { false }
                })
        }
    }

    @Test("Whoever runs while another incarnation of it is admitted stops voting, and does not fight for it")
    func replaced() {
        tell(rejoin(77, of: 3, number: 1), of: 3)
        group.pass(milliseconds: 3_000)
        #expect(group.status(3).mode == .learner && group.nodes[3].stops == 1)
        #expect(group.nodes[3].notices.contains(.replacedByAnother(ViewNumber(2))))
        let votes = recordVotes()
        group.pass(milliseconds: 60_000)
        group.order(client, session, 21...30)
        #expect(votes.views[3].isEmpty && votes.operations.isEmpty)
        #expect(group.executed(3).count == 30)
    }

    @Test("It asks again when nothing came of it, ever less often")
    func asksAgain() {
        group.passes = { if $0.from == 2, case .operation = $0.message { false } else { true } }
        forget(2, as: 77)
        var times: [UInt64] = []
        for second in 1...70 as ClosedRange<UInt64> {
            let before = group.nodes[2].notices.count { $0 == .askedToRejoin(.genesis) }
            group.pass(milliseconds: 1_000)
            if group.nodes[2].notices.count(where: { $0 == .askedToRejoin(.genesis) }) > before { times.append(second) }
        }
        #expect(times == [1, 3, 7, 15, 23, 31, 39, 47, 55, 63])
        group.passes = { _ in true }
        group.pass(milliseconds: 40_000)
        #expect(group.status(2).mode == .voter)
    }

    /// Its digest is ready when the replica votes again: it is of a view in which another run of it may have signed something else.
    @Test("A snapshot of a view in which it did not vote is not voted for afterwards")
    func snapshotOfBefore() {
        group.holdsSnapshots = [2]
        forget(2, as: 77)
        group.pass(milliseconds: 500)
        group.order(client, session, 21...33)
        group.pass(milliseconds: 3_000)
        #expect(group.status(2).mode == .voter && !group.heldSnapshots.isEmpty)
        let votes = recordVotes()
        for snapshot in group.heldSnapshots { group.takeSnapshot(snapshot, at: 2) }
        group.pass(milliseconds: 500)
        #expect(!votes.views[2].contains(1))
    }

    /// What does not count would stand alone in instances to no effect, and a member could have leaders blamed for the one that
    /// only others were given.
    @Test("A REJOIN that could not count waits nowhere, and nobody is blamed for leaving it out")
    func inadmissible() {
        forget(2, as: 77)
        group.pass(milliseconds: 3_000)
        let decided = group.status(0).decided
        // No incarnation, the present one, another view, too soon.
        for (incarnation, view) in [(0, 2), (77, 2), (78, 1), (79, 3), (80, 2)] as [(UInt64, UInt64)] {
            for number in 0..<20 as Range<UInt64> {
                let operation = rejoin(incarnation, of: 2, in: view, number: 1_000 * (incarnation + 1) + number)
                group.inject(.operation(operation), from: 2, to: number % 2 == 0 ? 0 : 1)
                group.pass(milliseconds: 50)
            }
        }
        group.pass(milliseconds: 2_000)
        #expect(group.status(0).decided == decided)
        for place in 0..<4 {
            #expect(group.status(place).epoch == Epoch(view: ViewNumber(2), regency: .first))
            #expect(group.nodes[place].core.held(.pendingRequests) == 0)
        }
    }

    @Test("Alone in its group it asks nobody")
    func alone() throws {
        let group = try Group(n: 1, f: 0)
        group.restart(0, mode: .learner)
        group.pass(milliseconds: 60_000)
        #expect(!group.nodes[0].notices.contains { if case .askedToRejoin = $0 { true } else { false } })
    }

    @Test("Each time a member waits twice as long, up to a bound; it begins anew after 64 times as long")
    func waits() throws {
        let settings = GroupSettings()
        let first = Incarnation(replica: ReplicaID(2), number: 7, admitted: Timestamp(1_000_000))
        func asks(_ number: UInt64) -> Rejoin { Rejoin(view: .genesis, incarnation: number) }
        #expect(first.wait(settings) == 10_000_000)
        #expect(first.following(asks(8), at: Timestamp(10_999_999), settings) == nil)
        #expect(first.following(asks(7), at: Timestamp(11_000_000), settings) == nil)
        // A clock that went back is no reason to wait less.
        #expect(first.following(asks(8), at: Timestamp(5), settings) == nil)
        let second = try #require(first.following(asks(8), at: Timestamp(11_000_000), settings))
        #expect(second.times == 2 && second.number == 8 && second.wait(settings) == 20_000_000)
        #expect(first.following(asks(8), at: Timestamp(640_999_999), settings)?.times == 2)
        #expect(first.following(asks(8), at: Timestamp(641_000_000), settings)?.times == 1)
        var last = first
        for number in 0..<40 as Range<UInt64> {
            let time = Timestamp(last.admitted.rawValue + last.wait(settings))
            last = try #require(last.following(asks(100 + number), at: time, settings))
        }
        #expect(last.times == Incarnation.timesMax)
    }
}
