// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// The last member of a group fetches a state while the others go on to one checkpoint after the other.
@Suite("What is kept for whoever fetches a state while the group is at work (protocol §7)")
struct LeaseTests {
    let client = Samples.client(1)
    let period = 8
    let before = 40 as UInt64

    func lagging(n: Int = 4, f: Int = 1, archiveBytesMax: Int = 256 << 20) throws -> (Group, SessionID) {
        let group = try Group(n: n, f: f, checkpointPeriod: period, archiveBytesMax: archiveBytesMax)
        group.chunks = (400, 100)
        let session = group.openSession(client)
        let last = n - 1
        group.passes = { $0.from != last && $0.to != last }
        order(before, in: group, session, from: 1)
        group.passes = { _ in true }
        return (group, session)
    }

    func order(_ count: UInt64, in group: Group, _ session: SessionID, from first: UInt64) {
        for sequence in first..<first + count {
            group.submit(Samples.operation(client, session, sequence), to: Array(0..<group.view.n - 1))
            group.settle()
        }
    }

    /// So many requests in each 5 ms, one instance each, while chunks come at a trickle. Returns after how many of these steps the last
    /// member had caught up.
    private func stepsUnderLoad(
        _ group: Group, _ session: SessionID, requests: UInt64 = 8, chunksPerStep: Int = 8,
        stepsMax: Int
    ) -> Int? {
        let last = group.view.n - 1
        var (left, held): (Int, [Group.Parcel]) = (0, [])
        let passes = group.passes
        var isReleasing = false
        group.passes = { parcel in
            guard passes(parcel) else { return false }
            guard !isReleasing, parcel.to == last, case .chunk = parcel.message else { return true }
            guard left == 0 else {
                left -= 1
                return true
            }
            held.append(parcel)
            return false
        }
        var sequence = before + 1
        for step in 1...stepsMax {
            left = chunksPerStep
            let now = held.prefix(left)
            held.removeFirst(now.count)
            left -= now.count
            isReleasing = true
            for parcel in now { group.inject(parcel.message, from: parcel.from, to: parcel.to) }
            isReleasing = false
            order(requests, in: group, session, from: sequence)
            sequence += requests
            group.pass(milliseconds: 5)
            if group.nodes[last].notices.contains(where: { if case .caughtUp = $0 { true } else { false } }) {
                return step
            }
        }
        return nil
    }

    private func expectRight(_ group: Group, installs: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        let last = group.view.n - 1
        #expect(group.nodes[last].installed.count == installs, sourceLocation: sourceLocation)
        let right = group.nodes[last].installed.allSatisfy {
            $0.contents == group.contents(after: $0.certificate.instance)
        }
        #expect(right, sourceLocation: sourceLocation)
        group.passes = { _ in true }
        group.pass(milliseconds: 1_000)
        #expect(group.status(last).decided == group.status(0).decided, sourceLocation: sourceLocation)
    }

    @Test("Under full load, with a checkpoint at every step, a newcomer finishes with the state that it began with")
    func finishes() throws {
        let (group, session) = try lagging()
        let steps = try #require(stepsUnderLoad(group, session, stepsMax: 200))
        #expect(steps >= 50)
        expectRight(group, installs: 1)
    }

    @Test("Also when f of its sources send wrong chunks or offer newer states only", arguments: [false, true])
    func finishesInSpiteOfLiars(_ offersNewer: Bool) throws {
        let (group, session) = try lagging(n: 7, f: 2)
        group.rewrite = { parcel in
            guard parcel.from < 2, parcel.to == 6 else { return parcel.message }
            switch parcel.message {
            case .chunk(let chunk) where !offersNewer:
                return .chunk(CheckpointChunk(checkpoint: chunk.checkpoint, position: chunk.position, bytes: [250]))
            case .chunk, .manifest, .decisions:
                guard offersNewer else { return parcel.message }
                let stable = group.stable(2)
                return .checkpointOffer(
                    CheckpointCertificate(
                        view: .genesis, instance: stable.instance, digest: stable.digest, shares: []))
            default: return parcel.message
            }
        }
        #expect(stepsUnderLoad(group, session, stepsMax: 400) != nil)
        expectRight(group, installs: 1)
    }

    @Test("Who has the decisions after a state is asked for them, not who would offer a newer one")
    func decisionsFollow() throws {
        let (group, session) = try lagging()
        var asked: Set<Int> = []
        group.passes = { parcel in
            if case .fetchDecisions = parcel.message, parcel.from == 3 { asked.insert(parcel.to) }
            // Nobody asks member 0 for chunks, nor to keep anything.
            if parcel.to == 0, parcel.from == 3 {
                switch parcel.message {
                case .fetchChunks, .fetchManifest: return false
                default: return true
                }
            }
            return true
        }
        #expect(stepsUnderLoad(group, session, stepsMax: 400) != nil)
        #expect(asked.isSuperset(of: [1, 2]))
        expectRight(group, installs: 1)
    }

    /// What it has passed, whoever kept it and how little may be forgotten without.
    @Test("Whoever follows decisions that others have forgotten learns which checkpoints among them are stable")
    func learnsOfStable() throws {
        let (group, session) = try lagging()
        var offers: [Instance] = []
        group.onSend = { _, message in if case .checkpointOffer(let it) = message { offers.append(it.instance) } }
        #expect(stepsUnderLoad(group, session, stepsMax: 200) != nil)
        let installed = try #require(group.nodes[3].installed.first?.certificate.instance)
        // More than it may go on without a newer stable one, or there was nothing to learn.
        #expect(group.status(3).decided > installed + 4 * period)
        #expect(Set(offers).count >= 3)
    }

    /// Its turn comes while the state is fetched, and who asks for decisions that are gone is offered a newer state.
    @Test("A late answer to a question for decisions does not end the lease of a state that is fetched by then")
    func lateQuestion() throws {
        let (group, session) = try lagging()
        group.isolateLast()
        order(4, in: group, session, from: before + 1)
        let name = group.stable(0)
        var offers: [Instance] = []
        var answers = 0
        group.onSend = { _, message in
            if case .checkpointOffer(let it) = message { offers.append(it.instance) }
            if case .decisions = message { answers += 1 }
        }
        // Until its turn is over.
        for _ in 0..<20_000 {
            let before = answers
            group.inject(.fetchDecisions(FetchDecisions(first: name.instance.next)), from: 3, to: 0)
            if answers == before, answers > 0 { break }
        }
        group.inject(.fetchDecisions(FetchDecisions(first: Instance(1))), from: 3, to: 0)
        #expect(answers > 0 && offers.isEmpty)
        group.inject(.fetchManifest(name), from: 3, to: 0)
        order(8, in: group, session, from: before + 5)
        group.pass(milliseconds: 200)
        #expect(offers.isEmpty && group.stable(0).instance > name.instance)
    }

    /// Seed 296: what it was waiting for was a member that had kept everything for it, and died.
    @Test("Members that kept the decisions and died, or answer no more, do not keep it from a newer state")
    func keepersDie() throws {
        for dead in [[0], [1], [2]] {
            let (group, session) = try lagging()
            group.pass(milliseconds: 600)
            #expect(!group.nodes[3].installed.isEmpty)
            group.isolateLast()
            for place in dead { group.nodes[place].isUp = false }
            // Longer than anybody keeps anything.
            for round in 0..<12 as Range<UInt64> {
                order(10, in: group, session, from: before + 1 + round * 10)
                group.pass(milliseconds: 1_000)
            }
            group.passes = { _ in true }
            group.pass(milliseconds: 4_000)
            let alive = dead == [0] ? 1 : 0
            #expect(group.status(3).decided == group.status(alive).decided, "\(dead)")
        }
    }

    /// Seed 830: each checkpoint that was offered had been forgotten when the question for it came.
    @Test("Where links are so long that newer checkpoints are stable before the one offered can be asked for")
    func longLinks() throws {
        let (group, session) = try lagging()
        var held: [(at: Instant, parcel: Group.Parcel)] = []
        var isReleasing = false
        group.passes = { parcel in
            guard !isReleasing, parcel.from == 3 || parcel.to == 3 else { return true }
            held.append((group.now.monotonic + .milliseconds(100), parcel))
            return false
        }
        var sequence = before + 1
        for _ in 0..<400 where group.nodes[3].installed.isEmpty {
            // Eight instances, and so a checkpoint, in 50 ms.
            for _ in 0..<8 {
                order(1, in: group, session, from: sequence)
                sequence += 1
                group.pass(milliseconds: 5)
                let due = held.prefix { $0.at <= group.now.monotonic }
                held.removeFirst(due.count)
                isReleasing = true
                for (_, parcel) in due { group.inject(parcel.message, from: parcel.from, to: parcel.to) }
                isReleasing = false
            }
        }
        #expect(group.nodes[3].installed.count == 1)
    }

    @Test("Certificates of what was kept are checked before they are handed out; where they prove nothing its word is")
    func unproven() throws {
        let (group, session) = try lagging(n: 4, f: 1)
        let name = group.stable(1)
        group.isolateLast()
        group.inject(.fetchManifest(name), from: 3, to: 1)
        order(8, in: group, session, from: before + 1)
        group.badSigners = [ReplicaID(0)]
        var sent: [PeerMessage] = []
        group.onSend = { if $0 == 1 { sent.append($1) } }
        group.inject(.fetchDecisions(FetchDecisions(first: name.instance.next)), from: 3, to: 1)
        #expect(!sent.contains { if case .decisions = $0 { true } else { false } })
        let words: [Instance] = sent.compactMap { if case .decided(let it) = $0 { it.instance } else { nil } }
        #expect(words.first == name.instance.next && words.count == group.view.settings.window)
        #expect(group.nodes[1].notices.contains(.misbehaviour(ReplicaID(0), .invalidSignature)))
        #expect(group.nodes[1].core.held(.archivedBytes) > 0)
    }

    /// Without the newcomer there are no more votes than a quorum: with a signature that is not valid nothing is proved.
    @Test("A voter that signs wrongly does not keep a newcomer from what follows its state")
    func wrongSigner() throws {
        let (group, session) = try lagging()
        group.badSigners = [ReplicaID(0)]
        _ = stepsUnderLoad(group, session, stepsMax: 60)
        group.passes = { _ in true }
        group.pass(milliseconds: 10_000)
        expectRight(group, installs: 1)
    }

    @Test("Whoever asks for decisions again and again has no more checked than one question takes")
    func checksAreBounded() throws {
        let (group, session) = try lagging()
        let name = group.stable(1)
        group.isolateLast()
        group.inject(.fetchManifest(name), from: 3, to: 1)
        group.inject(.fetchManifest(name), from: 2, to: 1)
        order(300, in: group, session, from: before + 1)
        group.holdsChecks = [1]
        for step in 0..<100 as Range<Int> {
            group.inject(.fetchDecisions(FetchDecisions(first: name.instance.next + step * 2)), from: 3, to: 1)
        }
        #expect(group.heldChecks.count == 128)
        // Another member's question does not hold up the first one's answer.
        group.inject(.fetchDecisions(FetchDecisions(first: name.instance.next + 150)), from: 2, to: 1)
        #expect(group.heldChecks.count == 256)
        var sent: [PeerMessage] = []
        group.onSend = { if $0 == 1 { sent.append($1) } }
        for check in group.heldChecks.prefix(128) { group.endCheck(check, at: 1) }
        let answers: [Int] = sent.compactMap { if case .decisions(let it) = $0 { it.decisions.count } else { nil } }
        #expect(answers == [128])
    }
}

extension Group {
    /// The newest stable checkpoint of that member.
    func stable(_ place: Int) -> CheckpointName {
        let instance = status(place).stableCheckpoint
        return CheckpointName(instance: instance, digest: Digest(words: Words32(instance.rawValue, 1, 1, 1)))
    }

    /// What a test says in its last member's name is all that is heard of it.
    func isolateLast() {
        let last = view.n - 1
        passes = { $0.from != last && $0.to != last }
    }
}
