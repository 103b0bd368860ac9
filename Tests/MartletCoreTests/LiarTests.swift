// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// What one lying replica, leader or client can send, and what must not come of it.
@Suite("One liar")
struct LiarTests {
    let client = Samples.client(1)
    let first = Epoch(view: .genesis, regency: .first)

    /// Members do not measure the leader.
    private var unprobed: Timeouts {
        var timeouts = Timeouts()
        timeouts.probe = .seconds(3_600)
        return timeouts
    }

    private func batch(_ instance: UInt64, _ entries: [BatchEntry], time: Timestamp) -> Batch {
        Batch(instance: Instance(instance), born: first, time: time, entries: entries)
    }

    private func entry(_ request: AdmittedRequest) -> BatchEntry { BatchEntry(id: request.id, digest: request.digest) }

    @Test("ACCEPTs of one liar for an instance that nobody proposed end no regency")
    func acceptOutOfNothing() throws {
        let group = try Group()
        _ = group.openSession(client)
        for _ in 1...30 {
            for instance in [2, 4] as [UInt64] {
                let vote = AcceptVote(epoch: first, instance: Instance(instance), digest: .zero)
                for place in 0...2 { group.inject(.accept(vote), from: 3, to: place) }
            }
            group.pass(milliseconds: 100)
        }
        for place in 0...3 { #expect(group.status(place).epoch.regency == .first) }
    }

    @Test("A leader that proposes another batch to one member after the other is replaced before any timeout")
    func equivocatingLeader() throws {
        let group = try Group()
        let session = group.openSession(client)
        group.rewrite = { parcel in
            guard parcel.from == 0, case .propose(let propose) = parcel.message, propose.epoch.regency == .first,
                parcel.to == 1 + Int(propose.batch.instance.rawValue % 3)
            else { return parcel.message }
            let batch = propose.batch
            return .propose(
                Propose(
                    epoch: propose.epoch,
                    batch: self.batch(
                        batch.instance.rawValue, batch.entries, time: Timestamp(batch.time.rawValue + 1))))
        }
        for sequence in 1...6 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence), to: [0, 1, 2, 3])
            group.settle()
        }
        group.pass(milliseconds: 150)
        for place in 1...3 { #expect(group.status(place).epoch.regency > .first) }
        for place in 0...3 { #expect(group.status(place).pendingRequests == 0) }
    }

    @Test("Two proposals for one instance end the regency; votes of one liar for what nobody proposed do not")
    func whatShowsThatALeaderLies() throws {
        let group = try Group()
        let session = group.openSession(client)
        group.passes = { _ in false }
        let request = Samples.operation(client, session, 1)
        group.submit(request, to: [0, 1, 2, 3])
        group.settle()
        let instance = group.status(0).decided.next
        group.inject(
            .write(WriteVote(epoch: first, instance: instance, digest: .zero)), from: 3, to: 1)
        let time = group.now.wall
        for extra in [0, 1] as [UInt64] {
            #expect(!group.nodes[1].notices.contains(.stopSent(Regency(2), .equivocation)))
            let batch = batch(instance.rawValue, [entry(request)], time: Timestamp(time.rawValue + extra))
            group.inject(.propose(Propose(epoch: first, batch: batch)), from: 0, to: 1)
        }
        #expect(group.nodes[1].notices.contains(.stopSent(Regency(2), .equivocation)))
    }

    /// It used to be dropped when it arrived, and the group waited for the timeout.
    @Test("A leader that lists more than a batch may hold is replaced at once", arguments: [0, 1])
    func tooManyEntries(beyond: Int) throws {
        let group = try Group()
        let session = group.openSession(client)
        let void = BatchEntry(id: Samples.operation(client, session, 1_000).id, digest: .zero)
        let entries = Array(repeating: void, count: group.view.batchEntriesMax + beyond)
        group.nodes[0].isUp = false
        for place in 1...3 {
            group.inject(
                .propose(Propose(epoch: first, batch: batch(2, entries, time: group.now.wall))), from: 0, to: place)
        }
        group.settle()
        for place in 1...3 {
            #expect(group.nodes[place].notices.contains(.stopSent(Regency(2), .forbiddenProposal)) == (beyond > 0))
        }
    }

    @Test("A leader that fills its batches with void requests gets no more time")
    func batchesFullOfVoidRequests() throws {
        var settings = GroupSettings()
        settings.window = 4
        settings.checkpointPeriod = 64
        settings.batchRequestsMax = 4
        let group = Group(view: try Samples.view(settings: settings), timeouts: unprobed)
        let session = group.openSession(client)
        group.submit(Samples.operation(client, session, 1))
        group.settle()
        let void = BatchEntry(id: Samples.operation(client, session, 1).id, digest: .zero)
        group.nodes[0].isUp = false
        for instance in 3...22 as ClosedRange<UInt64> {
            let request = Samples.operation(client, session, instance)
            group.submit(request, to: [1, 2, 3])
            group.pass(milliseconds: 250)
            let batch = batch(instance, [entry(request), void, void, void], time: group.now.wall)
            let digest = Samples.digest(of: batch)
            for place in 1...3 {
                group.inject(.propose(Propose(epoch: first, batch: batch)), from: 0, to: place)
                group.inject(
                    .write(WriteVote(epoch: first, instance: batch.instance, digest: digest)), from: 0, to: place)
            }
            group.settle()
        }
        for place in 1...3 {
            #expect(group.status(place).decided == Instance(22))
            #expect(group.status(place).epoch.regency == .first)
        }
        // Two stages of 200 ms each, as at the beginning.
        group.submit(Samples.operation(client, session, 30), to: [1, 2, 3])
        group.pass(milliseconds: 700)
        for place in 1...3 { #expect(group.status(place).epoch.regency == Regency(2)) }
    }

    @Test("One void request in each full batch does not hide that requests queue")
    func voidRequestInEachFullBatch() throws {
        var settings = GroupSettings()
        settings.window = 4
        settings.checkpointPeriod = 64
        settings.batchRequestsMax = 4
        let group = Group(view: try Samples.view(settings: settings), timeouts: unprobed)
        let session = group.openSession(client)
        group.submit(Samples.operation(client, session, 1))
        group.settle()
        let void = BatchEntry(id: Samples.operation(client, session, 1).id, digest: .zero)
        group.nodes[0].isUp = false
        for instance in 3...22 as ClosedRange<UInt64> {
            let requests = (0..<3).map { Samples.operation(client, session, instance * 4 + $0) }
            for request in requests { group.submit(request, to: [1, 2, 3]) }
            group.pass(milliseconds: 250)
            let batch = batch(instance, requests.map { entry($0) } + [void], time: group.now.wall)
            for place in 1...3 {
                group.inject(.propose(Propose(epoch: first, batch: batch)), from: 0, to: place)
                group.inject(
                    .write(WriteVote(epoch: first, instance: batch.instance, digest: Samples.digest(of: batch))),
                    from: 0, to: place)
            }
            group.settle()
        }
        // What waited 250 ms may wait four times as long.
        group.submit(Samples.operation(client, session, 100), to: [1, 2, 3])
        group.pass(milliseconds: 700)
        for place in 1...3 {
            #expect(group.status(place).decided == Instance(22))
            #expect(group.status(place).epoch.regency == .first)
        }
    }

    /// Seed 2744: what three members had refused waited at the fourth, which had taken over a checkpoint meanwhile; each
    /// time it led, the others asked in vain for bodies that nobody else could vouch for.
    @Test("A request of a session that cannot exist yet needs no body where it is listed")
    func requestsOfSessionsToCome() throws {
        let group = try Group(checkpointPeriod: 64)
        let session = group.openSession(client)
        let decided = group.status(1).decided
        let early = Samples.operation(client, SessionID(instance: Instance(300), place: 2), 9)
        let fresh = Samples.operation(client, session, 1, [1])
        group.submit(fresh)
        group.settle()
        group.nodes[0].isUp = false
        let next = decided.next.next
        let batch = batch(next.rawValue, [entry(early)], time: group.now.wall)
        // Member 1 has the body, for which the leader alone vouches; the others have nothing.
        group.inject(
            .forwarded([ForwardedRequest(request: early.request, isVouched: true, proof: nil)]), from: 0, to: 1)
        // Member 3 has it from the client. Nobody is told anything.
        group.submit(early, to: [3])
        let sent = (1...3).map { group.record($0) }
        for place in 1...3 { group.inject(.propose(Propose(epoch: first, batch: batch)), from: 0, to: place) }
        group.settle()
        for place in 1...3 {
            #expect(group.status(place).decided == next)
            #expect(
                sent[place - 1].messages.contains {
                    if case .write(let vote) = $0 { vote.instance == next } else { false }
                })
            #expect(group.executed(place) == [[1]])
            #expect(group.nodes[place].executions.last?.steps.isEmpty == true)
        }
        #expect(group.status(3).pendingRequests == 0)
    }

    @Test("Requests in guessed sessions, one of which is opened later, end no regency")
    func guessedSessions() throws {
        let group = try Group(checkpointPeriod: 64)
        for instance in 2...20 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, SessionID(instance: Instance(instance), place: 0), 1))
        }
        group.settle()
        let session = group.openSession(client)
        #expect(session.instance <= Instance(20))
        group.pass(milliseconds: 3_000)
        for place in 0...3 {
            #expect(group.status(place).epoch.regency == .first)
            #expect(group.status(place).pendingRequests == 0)
        }
    }

    @Test("A request of a session that is not known yet ends no regency, whoever vouches for it, and does not stay")
    func patienceForSessionsToCome() throws {
        let group = try Group(checkpointPeriod: 64)
        let early = Samples.operation(client, SessionID(instance: Instance(300), place: 2), 9)
        group.submit(early, to: [3])
        for place in 0...2 { group.inject(.vouches(Vouches(entries: [entry(early)])), from: place, to: 3) }
        let sent = group.record(3)
        group.pass(milliseconds: 6_000)
        #expect(group.status(3).epoch.regency == .first)
        #expect(!sent.messages.contains { if case .stop = $0 { true } else { false } })
        #expect(group.nodes[3].core.status.pendingRequests == 0)
    }

    @Test("A source that withholds the bodies of what it proves does not keep a replica behind")
    func decisionsWithoutBodies() throws {
        let group = try Group(checkpointPeriod: 64)
        let session = group.openSession(client)
        group.passes = { $0.from != 3 && $0.to != 3 }
        for sequence in 1...20 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence, [UInt8(sequence)]), to: [0, 1, 2])
            group.settle()
        }
        var lies = 0
        group.passes = { _ in true }
        group.rewrite = { parcel in
            guard parcel.from == 0 else { return parcel.message }
            switch parcel.message {
            case .decisions(let told):
                lies += 1
                return .decisions(
                    Decisions(
                        decisions: told.decisions.map {
                            Decision(body: Self.emptied($0.body), certificate: $0.certificate)
                        }))
            case .batchBody(let body):
                lies += 1
                return .batchBody(Self.emptied(body))
            default: return parcel.message
            }
        }
        // The liar is asked first, whoever's turn it is.
        for _ in 1...4 {
            group.inject(.fetchDecisions(FetchDecisions(first: group.status(3).decided.next)), from: 3, to: 0)
            group.pass(milliseconds: 500)
        }
        #expect(lies > 0)
        #expect(group.executed(3) == group.executed(0))
        #expect(group.executed(3).count == 20)
    }

    private static func emptied(_ body: BatchBody) -> BatchBody {
        BatchBody(batch: body.batch, bodies: body.bodies.map { _ in nil })
    }

    @Test("A source that answers with nothing does not keep a replica behind for ever")
    func emptyAnswers() throws {
        let group = try Group(checkpointPeriod: 16)
        let session = group.openSession(client)
        group.passes = { $0.from != 3 && $0.to != 3 }
        for sequence in 1...60 {
            group.submit(Samples.operation(client, session, UInt64(sequence)), to: [0, 1, 2])
            group.settle()
        }
        var answers = 0
        group.passes = { _ in answers < 10_000 }
        group.rewrite = { parcel in
            guard parcel.from == 0, parcel.to == 3, case .checkpointOffer = parcel.message else {
                return parcel.message
            }
            answers += 1
            return .decisions(Decisions(decisions: []))
        }
        group.pass(milliseconds: 3_000)
        #expect(group.status(3).decided == group.status(0).decided)
        #expect(answers < 100)
    }

    @Test("A batch that repeats an executed request under another digest can be decided by who was left out, too")
    func executedUnderAnotherDigest() throws {
        let group = try Group(window: 4, checkpointPeriod: 64)
        let session = group.openSession(client)
        group.submit(Samples.operation(client, session, 1, [1]))
        group.settle()
        // The leader is a liar from here on, and leaves out 3.
        group.nodes[0].isUp = false
        group.passes = { $0.to != 3 && $0.from != 3 }
        let nobodys = BatchEntry(id: Samples.operation(client, session, 1).id, digest: .zero)
        for instance in 3...12 as ClosedRange<UInt64> {
            let request = Samples.operation(client, session, instance, [UInt8(instance)])
            if instance > 3 { group.submit(request, to: [1, 2]) }
            let batch = batch(instance, [instance > 3 ? entry(request) : nobodys], time: group.now.wall)
            let digest = Samples.digest(of: batch)
            for place in 1...2 {
                group.inject(.propose(Propose(epoch: first, batch: batch)), from: 0, to: place)
                group.inject(
                    .write(WriteVote(epoch: first, instance: batch.instance, digest: digest)), from: 0, to: place)
                group.inject(
                    .accept(AcceptVote(epoch: first, instance: batch.instance, digest: digest)), from: 0, to: place)
            }
            group.settle()
        }
        #expect(group.status(1).decided == Instance(12))
        group.passes = { _ in true }
        group.submit(Samples.operation(client, session, 13, [13]), to: [1, 2, 3])
        group.pass(milliseconds: 6_000)
        for place in 1...3 {
            #expect(group.executed(place).last == [13])
            #expect(group.executed(place) == group.executed(1))
        }
    }

    @Test("A batch that one liar alone voted for is not kept")
    func bodiesOfOneVoter() throws {
        let group = try Group()
        let session = group.openSession(client)
        let request = Samples.operation(client, session, 1)
        let batch = batch(2, [entry(request)], time: group.now.wall)
        let digest = Samples.digest(of: batch)
        group.inject(.write(WriteVote(epoch: first, instance: Instance(2), digest: digest)), from: 3, to: 1)
        group.inject(.accept(AcceptVote(epoch: first, instance: Instance(2), digest: digest)), from: 3, to: 1)
        group.inject(.decided(Decided(view: .genesis, instance: Instance(2), digest: digest)), from: 3, to: 1)
        group.inject(.batchBody(BatchBody(batch: batch, bodies: [request.request])), from: 3, to: 1)
        group.inject(.fetchBatch(FetchBatch(instance: Instance(2), digest: digest)), from: 3, to: 1)
        #expect(group.underWay(from: 1).allSatisfy { if case .batchBody = $0 { false } else { true } })
    }

    @Test("A client that signs another request for each replica cannot end every regency")
    func signedDifferently() throws {
        let group = try Group()
        let honest = Samples.client(2)
        let session = group.openSession(client)
        let other = group.openSession(honest)
        for round in 1...6 {
            for place in 0..<4 {
                let plain = Samples.operation(client, session, UInt64(round), [UInt8(100 + place)])
                let proof = RequestProof(digests: [plain.digest], signature: .absent)
                group.submit(Samples.admitted(plain.request, proof: proof), to: [place])
            }
            group.submit(Samples.operation(honest, other, UInt64(round), [UInt8(round)]))
            group.pass(milliseconds: 700)
        }
        for place in group.nodes.indices {
            #expect(group.status(place).epoch.regency <= Regency(2))
            #expect(group.executed(place).filter { $0[0] < 100 }.count == 6)
            #expect(group.executed(place) == group.executed(0))
        }
    }

    @Test("A batch with more bytes than the group's bound is not voted for")
    func tooManyBytes() throws {
        let group = try Group()
        let session = group.openSession(client)
        let requests = (1...3).map {
            Samples.operation(client, session, UInt64($0), Bytes(repeating: UInt8($0), count: 600_000))
        }
        let recording = group.record(1)
        for request in requests { group.submit(request, to: [1, 2, 3]) }
        let batch = batch(2, requests.map { entry($0) }, time: group.now.wall)
        for place in 1...3 { group.inject(.propose(Propose(epoch: first, batch: batch)), from: 0, to: place) }
        group.settle()
        #expect(recording.votes.isEmpty)
    }

    @Test("Whoever asks for help again and again is helped now and then")
    func helpIsRare() throws {
        let group = try Group()
        let session = group.openSession(client)
        for sequence in 1...4 { group.submit(Samples.operation(client, session, UInt64(sequence))) }
        group.settle()
        let cry = Progress(
            epoch: first, isSynced: true, mode: .voter, decided: .zero, stableCheckpoint: .zero, asksForHelp: true)
        let recording = group.record(1)
        for _ in 1...1_000 { group.inject(.progress(cry), from: 3, to: 1) }
        group.settle()
        #expect(recording.votes.count <= 2 * 5)
    }
}
