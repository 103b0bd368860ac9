// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// A replica that is started with an older copy of its disk, or with none and without its marker, cannot know that it has forgotten votes:
/// but when the others show it its own signature, it can.
@Suite("Finding one's own forgotten word (protocol §7)")
struct ForgottenVotesTests {
    private let group: Group
    private let client = Samples.client(1)
    private let session: SessionID

    init() throws {
        group = try .durable()
        session = group.openSession(client)
        group.order(client, session, 1...10)
    }

    private func forgot(_ place: Int) -> Bool {
        group.nodes[place].notices.contains { if case .votesForgotten = $0 { true } else { false } }
    }

    /// What it says in the first view after it has found out.
    private func recordWords(of place: Int) -> Words {
        let words = Words()
        group.rewrite = { parcel in
            if parcel.from == place, forgot(place) {
                switch parcel.message {
                case .write(let vote) where vote.epoch.view == .genesis: words.count += 1
                case .accept(let vote) where vote.epoch.view == .genesis: words.count += 1
                case .stopData(let data) where data.epoch.view == .genesis: words.count += 1
                case .checkpoint(let vote) where vote.view == .genesis: words.count += 1
                case .install(let install) where install.view == .genesis: words.count += 1
                default: break
                }
            }
            return parcel.message
        }
        return words
    }

    private final class Words { var count = 0 }

    private func isAdmittedAgain(_ place: Int, as incarnation: UInt64) -> Bool {
        group.status(place).mode == .voter && group.status(place).view.number == ViewNumber(2)
            && group.status(place).view.incarnations.map(\.number) == [incarnation]
    }

    @Test(
        "With nothing left, it finds its word in what it fetches, and says nothing until it is admitted",
        arguments: [10, 40])
    func nothingLeft(operations: UInt64) {
        if operations > 10 { group.order(client, session, 11...operations) }
        let words = recordWords(of: 3)
        group.restart(3, mode: .voter, incarnation: 77)
        group.pass(milliseconds: 5_000)
        #expect(forgot(3) && isAdmittedAgain(3, as: 77) && words.count == 0)
        group.order(client, session, (operations + 1)...(operations + 10))
        #expect(group.executed(3).count >= 10 && group.status(3).decided == group.status(0).decided)
    }

    @Test("With an older copy of its disk it finds out too, and what it writes then holds at the next start")
    func olderCopy() {
        let copy = group.nodes[3].log
        group.order(client, session, 11...60)
        group.nodes[3].log = copy
        let words = recordWords(of: 3)
        group.loseAndRestorePower(3)
        group.pass(milliseconds: 5_000)
        #expect(forgot(3) && isAdmittedAgain(3, as: 1) && words.count == 0)
        group.sync(3)
        group.loseAndRestorePower(3)
        group.pass(milliseconds: 2_000)
        #expect(isAdmittedAgain(3, as: 1))
    }

    /// The state that it fetches is of later than all that it remembers, which it has not gone through again.
    @Test("It is not missed where the newest checkpoint is all that the others have, and it still restores")
    func olderCopyAtACheckpoint() {
        let copy = group.nodes[3].log
        var operation: UInt64 = 10
        while group.status(0).decided < Instance(64) {
            operation += 1
            group.order(client, session, operation...operation)
        }
        #expect(group.status(0).decided == Instance(64) && group.status(0).stableCheckpoint == Instance(64))
        group.nodes[3].log = copy
        group.loseAndRestorePower(3)
        group.pass(milliseconds: 5_000)
        #expect(forgot(3) && isAdmittedAgain(3, as: 1))
    }

    @Test("A copy of before it was admitted again stands for nobody: it asks to be admitted as another")
    func copyOfBeforeAnAdmission() {
        let copy = group.nodes[3].log
        group.nodes[3].log = []
        group.restart(3, mode: .learner, incarnation: 77)
        group.pass(milliseconds: 5_000)
        #expect(isAdmittedAgain(3, as: 77))
        group.nodes[3].log = copy
        group.loseAndRestorePower(3)
        group.pass(milliseconds: 1_000)
        #expect(group.nodes[3].notices.contains(.replacedByAnother(ViewNumber(2))))
        #expect(group.status(3).mode == .learner)
        // Until it may be admitted once more.
        group.pass(milliseconds: 40_000)
        #expect(group.status(3).mode == .voter && group.status(3).view.number == ViewNumber(3))
        #expect(group.status(3).view.incarnations.map(\.number) == [1])
    }

    /// Neither a learner nor one that knows better: only its own word shows that this copy's incarnation has voted already.
    @Test("A copy of before its admission that names the admitted incarnation does not vote in its view")
    func copyWithTheAdmittedIncarnation() {
        group.nodes[3].log = []
        group.restart(3, mode: .learner, incarnation: 77)
        group.pass(milliseconds: 100)
        let copy = group.nodes[3].log
        #expect(group.status(3).mode == .learner && !copy.isEmpty)
        group.pass(milliseconds: 5_000)
        #expect(isAdmittedAgain(3, as: 77))
        group.order(client, session, 11...60)
        group.nodes[3].log = copy
        group.loseAndRestorePower(3)
        group.pass(milliseconds: 2_000)
        #expect(forgot(3) && group.status(3).mode == .learner && group.status(3).decided == group.status(0).decided)
        group.pass(milliseconds: 40_000)
        #expect(group.status(3).mode == .voter && group.status(3).view.incarnations.map(\.number) == [1])
    }

    @Test("A copy of before a leader change finds its word in the SYNC, and votes for nothing there")
    func copyOfBeforeARegency() {
        let copy = group.nodes[3].log
        let sent = group.recordAll()
        group.begin(regency: 2)
        group.settle()
        #expect(group.status(3).epoch.regency == Regency(2) && !sent.syncs(of: 1).isEmpty)
        guard let sync = sent.syncs(of: 1).last else { return }
        let own = sync.collected.contains { $0.sender == ReplicaID(3) }
        group.nodes[3].log = copy
        let words = recordWords(of: 3)
        group.loseAndRestorePower(3)
        group.inject(.sync(sync), from: 1, to: 3)
        #expect(forgot(3) == own)
        group.pass(milliseconds: 5_000)
        #expect(words.count == 0)
    }

    /// Its record of that state was lost with the power: it would be taken for one that has forgotten.
    @Test("Its word on a state that it took over leaves after the record of it")
    func wordOnATakenState() {
        group.passes = { $0.from != 3 && $0.to != 3 }
        group.order(client, session, 11...60)
        group.holdsSyncs = [3]
        group.passes = { _ in true }
        group.pass(milliseconds: 1_000)
        let sent = group.recordAll()
        let behind = Progress(
            epoch: Epoch(view: .genesis, regency: .first), isSynced: true, mode: .voter, decided: .zero,
            stableCheckpoint: .zero, asksForHelp: false)
        group.pass(milliseconds: 200)
        group.inject(.progress(behind), from: 1, to: 3)
        group.settle()
        func words() -> Int { sent.messages[3].count { if case .checkpoint = $0 { true } else { false } } }
        #expect(group.status(3).stableCheckpoint > .zero && words() == 0)
        group.holdsSyncs = []
        group.sync(3)
        group.pass(milliseconds: 200)
        group.inject(.progress(behind), from: 1, to: 3)
        group.settle()
        #expect(words() > 0)
    }

    @Test("The newest certificate takes up votes that come after its quorum: for the same state, of each member one")
    func lateVotes() throws {
        let view = group.view
        func signature(_ place: UInt8) -> Signature { Signature(first: Words32(UInt64(place), 9, 9, 9), second: .zero) }
        func vote(_ place: UInt8, digest: UInt8 = 1, instance: UInt64 = 16) -> CheckpointVote {
            CheckpointVote(
                view: view.number, instance: Instance(instance),
                digest: Digest(words: Words32(UInt64(digest), 0, 0, 0)),
                signature: signature(place))
        }
        var tally = CheckpointTally()
        for place in 0..<3 as Range<UInt8> {
            if let stable = tally.add(vote(place), from: ReplicaID(UInt16(place)), view: view) {
                tally.makeStable(stable)
            }
        }
        #expect(tally.stable?.shares.map(\.replica.rawValue) == [0, 1, 2])
        #expect(tally.add(vote(3, digest: 2), from: ReplicaID(3), view: view) == nil)
        #expect(tally.add(vote(3, instance: 8), from: ReplicaID(3), view: view) == nil)
        #expect(tally.add(vote(1), from: ReplicaID(1), view: view) == nil)
        #expect(tally.stable?.shares.count == 3)
        #expect(tally.add(vote(3), from: ReplicaID(3), view: view) == nil)
        #expect(tally.stable?.shares.map(\.replica.rawValue) == [0, 1, 2, 3])
        #expect(tally.stable?.shares.last?.signature == signature(3) && tally.votesKept == 0)
    }

    @Test("Who was away, or starts for the first time when others have gone on, has forgotten nothing")
    func away() {
        group.passes = { $0.from != 3 && $0.to != 3 }
        group.order(client, session, 11...60)
        group.passes = { _ in true }
        group.pass(milliseconds: 5_000)
        #expect(!forgot(3) && group.status(3).mode == .voter && group.status(3).view.number == .genesis)
        #expect(group.status(3).decided == group.status(0).decided)
    }

    /// Of the votes beyond that state it keeps none, where the state is of an earlier view.
    @Test("Who takes the right state for its own wrong one goes back, and has forgotten nothing")
    func goesBack() {
        group.order(client, session, 11...40)
        let change = Change(group, by: Samples.client(9))
        group.submit(change.request(heavy: [2, 3], order: [0, 1, 2, 3]))
        group.settle()
        group.order(client, session, 41...42)
        let decided = group.status(3).decided
        #expect(group.status(3).view.number == ViewNumber(2) && group.status(3).stableCheckpoint < decided)
        group.nodes[3].core.wrongState = group.nodes[3].core.checkpoints.stable
        group.nodes[3].core.mode = .learner
        group.pass(milliseconds: 5_000)
        #expect(group.nodes[3].core.wrongState == nil)
        #expect(group.status(3).decided == group.status(0).decided)
        #expect(!forgot(3) && group.status(3).mode == .learner)
    }

    @Test("Who restarts from all that it has written has forgotten nothing, wherever power was lost")
    func restarts() {
        for operation in 11...40 as ClosedRange<UInt64> {
            group.order(client, session, operation...operation)
            group.loseAndRestorePower(Int(operation % 4))
            group.pass(milliseconds: 300)
        }
        for place in 0..<4 { #expect(!forgot(place) && group.status(place).mode == .voter) }
    }
}
