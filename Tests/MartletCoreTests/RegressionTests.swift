// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

/// Each a way in which an existing system fails, or in which this one did.
@Suite("Regressions of the core")
struct RegressionTests {
    let client = Samples.client(1)

    private func batch(_ instance: UInt64, _ requests: [AdmittedRequest], time: Timestamp, regency: UInt64 = 1) -> Batch
    {
        Batch(
            instance: Instance(instance), born: Epoch(view: .genesis, regency: Regency(regency)), time: time,
            entries: requests.map { BatchEntry(id: $0.id, digest: $0.digest) })
    }

    @Test("A forged request in a proposal is never voted for, also for a sequence that was already received")
    func forgedRequest() throws {
        let group = try Group()
        let session = group.openSession(client)
        let real = Samples.operation(client, session, 1, [1])
        let forged = Samples.operation(client, session, 1, [66])
        let invented = Samples.operation(client, session, 2, [67])
        group.submit(real, to: [1, 2, 3])
        for lie in [[forged], [invented]] {
            let batch = batch(2, lie, time: group.now.wall)
            let recording = group.record(1)
            for place in 1...3 { group.inject(.propose(Propose(epoch: batch.born, batch: batch)), from: 0, to: place) }
            // The liar serves the forged bodies gladly, and vouches for them.
            for place in 1...3 {
                let forward = ForwardedRequest(request: lie[0].request, isVouched: true, proof: nil)
                group.inject(.forwarded([forward]), from: 0, to: place)
            }
            group.settle()
            #expect(recording.votes.filter { $0.2 == Samples.digest(of: batch) }.isEmpty)
        }
        group.nodes[0].isUp = false
        group.pass(milliseconds: 3_000)
        for place in 1...3 { #expect(group.executed(place) == [[1]]) }
    }

    @Test("A client that sends to one replica only costs at most one leader change")
    func partialSender() throws {
        let group = try Group()
        group.neverSigning = [client]
        let honest = Samples.client(2)
        let session = group.openSession(client)
        let other = group.openSession(honest)
        for round in 1...6 {
            group.submit(Samples.operation(client, session, UInt64(round), [7]), to: [round % 4])
            group.submit(Samples.operation(honest, other, UInt64(round), [UInt8(round)]))
            group.pass(milliseconds: 700)
        }
        for place in group.nodes.indices {
            #expect(group.status(place).epoch.regency <= Regency(2))
            #expect(group.executed(place).filter { $0 != [7] }.count == 6)
        }
    }

    /// Its request was never forwarded when the regency ended; forwarding and judging the new leader are two things.
    @Test(
        "A client that sends to all but the next leader does not end that one's regency too", arguments: [false, true])
    func passesOverTheNextLeader(isSigned: Bool) throws {
        let group = try Group()
        group.neverSigning = [client]
        let honest = Samples.client(2)
        let session = group.openSession(client)
        let other = group.openSession(honest)
        // The leader alone has this one, and proposes it.
        group.submit(Samples.operation(client, session, 1, [7]), to: [0])
        group.settle()
        func begun(_ place: Int) -> Bool { group.status(place).epoch.regency > .first }
        var late: UInt64 = 1
        while !begun(2) {
            late += 1
            let request = Samples.operation(client, session, late, [7]).request
            let proof = isSigned ? RequestProof(digests: [Samples.digest(of: request)], signature: .absent) : nil
            group.submit(Samples.admitted(request, proof: proof), to: [0, 2, 3])
            group.pass(milliseconds: 20)
        }
        for round in 1...6 {
            group.submit(Samples.operation(honest, other, UInt64(round), [UInt8(round)]))
            group.pass(milliseconds: 300)
        }
        for place in group.nodes.indices {
            #expect(group.status(place).epoch.regency == Regency(2))
            #expect(group.executed(place).filter { $0 != [7] }.count == 6)
            // What it does not sign waits until strict mode is over.
            #expect(group.executed(place).filter { $0 == [7] }.count == (isSigned ? Int(late) - 1 : 0))
        }
    }

    @Test("A client that gives each replica another request cannot end every regency")
    func differentBytes() throws {
        let group = try Group()
        group.neverSigning = [client]
        let honest = Samples.client(2)
        let session = group.openSession(client)
        let other = group.openSession(honest)
        for round in 1...6 {
            for place in 0..<4 {
                group.submit(Samples.operation(client, session, UInt64(round), [UInt8(100 + place)]), to: [place])
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

    @Test("No vote of an older regency after STOPDATA")
    func promise() throws {
        let group = try Group()
        let session = group.openSession(client)
        // A proposal reaches 1, whose WRITEs from others are on their way when it installs regency 2.
        group.submit(Samples.operation(client, session, 1))
        let proposals = group.queue.filter { if case .propose = $0.message { $0.to == 1 } else { false } }
        group.queue.removeAll()
        for parcel in proposals { group.inject(parcel.message, from: 0, to: 1) }
        let written = group.underWay(from: 1).compactMap { if case .write(let vote) = $0 { vote } else { nil } }
        let vote = try #require(written.first)
        for place in [0, 2, 3] {
            group.inject(.stop(Stop(view: .genesis, regency: Regency(2), reason: .requestTimeout)), from: place, to: 1)
        }
        #expect(group.status(1).epoch.regency == Regency(2))
        group.queue.removeAll()
        for place in [0, 2, 3] { group.inject(.write(vote), from: place, to: 1) }
        let late = group.underWay(from: 1).filter { if case .accept = $0 { true } else { false } }
        #expect(late.isEmpty)
    }

    @Test("Entering a regency by catching up is a promise too")
    func promiseByCatchingUp() throws {
        let group = try Group()
        let session = group.openSession(client)
        group.submit(Samples.operation(client, session, 1))
        let proposals = group.queue.filter { if case .propose = $0.message { $0.to == 1 } else { false } }
        group.queue.removeAll()
        for parcel in proposals { group.inject(parcel.message, from: 0, to: 1) }
        let written = group.underWay(from: 1).compactMap { if case .write(let vote) = $0 { vote } else { nil } }
        let vote = try #require(written.first)
        for place in [2, 3] {
            let progress = Progress(
                epoch: Epoch(view: .genesis, regency: Regency(2)), isSynced: false, mode: .voter, decided: Instance(1),
                stableCheckpoint: .zero, asksForHelp: false)
            group.inject(.progress(progress), from: place, to: 1)
        }
        #expect(group.status(1).epoch.regency == Regency(2))
        #expect(!group.status(1).isSynced)
        group.queue.removeAll()
        for place in [0, 2, 3] { group.inject(.write(vote), from: place, to: 1) }
        #expect(group.underWay(from: 1).allSatisfy { if case .accept = $0 { false } else { true } })
    }

    @Test("A bound batch is not judged anew: time, authenticity")
    func boundBatch() throws {
        let group = try Group()
        let session = group.openSession(client)
        // Replica 3 never sees the request, nobody's ACCEPT arrives, and then the leader dies.
        group.passes = { parcel in
            if case .accept = parcel.message { false } else { parcel.to != 3 && parcel.from != 3 }
        }
        let first = Epoch(view: .genesis, regency: .first)
        group.submit(Samples.operation(client, session, 1, [42]), to: [0, 1, 2])
        group.settle()
        group.nodes[0].isUp = false
        group.now.wall = Timestamp(group.now.wall.rawValue + 3_600_000_000)
        group.passes = { parcel in
            // 3 is not told the request by anyone's forwarding, only by the batch itself; regency 1 decides nothing more.
            switch parcel.message {
            case .forwarded: parcel.to != 3
            case .accept(let vote): vote.epoch != first
            default: true
            }
        }
        group.pass(milliseconds: 4_000)
        for place in 1...3 {
            #expect(group.executed(place) == [[42]])
            #expect(group.status(place).epoch.regency >= Regency(2))
        }
        let times = Set((1...3).map { group.nodes[$0].executions.last?.time })
        #expect(times.count == 1)
    }

    @Test("STOPDATA names every instance above base − W that was voted in, also when the base cannot be proved")
    func claimsWithoutProof() throws {
        let group = try Group(window: 4)
        let session = group.openSession(client)
        for sequence in 1...6 {
            group.submit(Samples.operation(client, session, UInt64(sequence)))
            group.settle()
        }
        group.badSigners = [ReplicaID(0), ReplicaID(2)]
        let recording = group.record(3)
        group.nodes[0].isUp = false
        group.submit(Samples.operation(client, session, 7))
        group.pass(milliseconds: 1_500)
        let sent = recording.messages.compactMap { if case .stopData(let it) = $0 { it } else { nil } }
        let stopData = try #require(sent.first)
        #expect(stopData.base == nil)
        #expect(stopData.claims.map(\.instance) == (1...7).map { Instance($0) })
        #expect(stopData.claims.allSatisfy { $0.lock != nil })
        #expect(group.executed(3).count == 7)
    }

    @Test("A lost STOP does not end the group")
    func lostStops() throws {
        let group = try Group()
        let session = group.openSession(client)
        group.nodes[0].isUp = false
        var lost = 0
        group.passes = { parcel in
            guard case .stop = parcel.message, lost < 9 else { return true }
            lost += 1
            return false
        }
        group.submit(Samples.operation(client, session, 1))
        group.pass(milliseconds: 2_500)
        #expect(lost == 9)
        for place in 1...3 { #expect(group.executed(place).count == 1) }
    }

    @Test("Timeouts back off and recover")
    func timeouts() {
        var timeout = AdaptiveTimeout(Timeouts())
        let shortest = timeout.current
        timeout.backOff()
        timeout.backOff()
        #expect(timeout.current == shortest * 4)
        for _ in 0..<100 { timeout.backOff() }
        #expect(timeout.current == Timeouts().requestMax)
        for _ in 0..<20 { timeout.recover() }
        #expect(timeout.current == shortest)
        for _ in 0..<50 { timeout.observe(.milliseconds(300)) }
        #expect(timeout.current >= .milliseconds(2_000))
    }

    @Test("Requests that queue behind full batches lengthen the timeout, a leader that lets them wait does not")
    func queueing() {
        var timeout = AdaptiveTimeout(Timeouts())
        let shortest = timeout.current
        for _ in 0..<50 { timeout.observe(wait: .seconds(1), isBatchFull: false) }
        #expect(timeout.current == shortest)
        for _ in 0..<50 { timeout.observe(wait: .milliseconds(500), isBatchFull: true) }
        #expect(timeout.current > .milliseconds(1_900))
        for _ in 0..<50 { timeout.observe(wait: .seconds(20), isBatchFull: true) }
        #expect(timeout.current == AdaptiveTimeout.leniencyMax)
        for _ in 0..<50 { timeout.observe(wait: .milliseconds(1), isBatchFull: false) }
        #expect(timeout.current == shortest)
    }

    @Test("A repeated OPEN opens nothing; sessions cannot be reset by others; sequence 6 before 5 loses neither")
    func sessions() {
        var table = SessionTable(settings: GroupSettings())
        let open = Samples.open(client).request
        guard case .open(let session, _) = table.order(open, at: Instance(1), place: 0) else {
            Issue.record("the session was not opened")
            return
        }
        #expect(table.order(open, at: Instance(2), place: 0) == .refuse(.opened(session)))
        #expect(table.sessionCount == 1)
        let thief = Samples.client(2)
        #expect(
            table.order(Samples.operation(thief, session, 1).request, at: Instance(3), place: 0)
                == .refuse(.sessionUnknown))
        #expect(table.order(Samples.operation(client, session, 6).request, at: Instance(4), place: 0) == .execute)
        #expect(table.order(Samples.operation(client, session, 5).request, at: Instance(4), place: 1) == .execute)
        #expect(table.order(Samples.operation(client, session, 5).request, at: Instance(5), place: 0) == .repeated)
        #expect(table.order(Samples.operation(client, session, 6).request, at: Instance(5), place: 1) == .repeated)
        let older = Samples.open(client, number: 0).request
        #expect(table.order(older, at: Instance(6), place: 0) == .refuse(.openingStale))
    }

    @Test("An OPEN that comes to a replica late is answered, and ends no regency")
    func lateOpening() throws {
        let group = try Group()
        let open = Samples.open(client)
        group.submit(open, to: [0, 1, 2])
        group.settle()
        group.pass(milliseconds: 50)
        group.submit(open, to: [3])
        #expect(group.nodes[3].resends == [open.id])
        #expect(group.status(3).pendingRequests == 0)
    }

    @Test("A replica that is far behind does not ask for another leader")
    func behindAccusesNobody() throws {
        let group = try Group(window: 4)
        let session = group.openSession(client)
        group.passes = { $0.from != 3 && $0.to != 3 }
        for sequence in 1...14 {
            group.submit(Samples.operation(client, session, UInt64(sequence)), to: [0, 1, 2])
            group.settle()
        }
        group.passes = { parcel in
            if case .progress = parcel.message { return true }
            return parcel.to != 3
        }
        group.pass(milliseconds: 600)
        group.submit(Samples.operation(client, session, 15))
        group.pass(milliseconds: 3_000)
        #expect(group.status(3).decided < group.status(0).decided)
        let stops = group.nodes[3].notices.filter { if case .stopSent = $0 { true } else { false } }
        #expect(stops.isEmpty)
        group.passes = { _ in true }
        group.pass(milliseconds: 3_000)
        #expect(group.status(3).decided == group.status(0).decided)
        #expect(group.status(3).epoch.regency == .first)
    }

    @Test("A stuck replica that a lying leader leaves out learns the decision at once")
    func leftOut() throws {
        let group = try Group()
        let session = group.openSession(client)
        group.passes = { !($0.from == 0 && $0.to == 3) }
        for sequence in 1...5 { group.submit(Samples.operation(client, session, UInt64(sequence))) }
        group.settle()
        group.pass(milliseconds: 50)
        #expect(group.executed(3).count == 5)
    }

    @Test("What was settled and decided without a replica is not looked at again with every message")
    func settledWithoutIt() throws {
        let window = 4
        let group = try Group(window: window, checkpointPeriod: 128)
        let session = group.openSession(client)
        group.order(client, session, 1...4)
        // All lock the next one, and nobody decides it.
        group.passes = { if case .accept = $0.message { false } else { true } }
        group.submit(Samples.operation(client, session, 5))
        group.settle()
        // Another leader settles it; one replica is told what was settled, and has no part in it.
        group.passes = { parcel in
            switch parcel.message {
            case .accept(let vote): vote.epoch.regency > Regency.first && parcel.to != 3
            case .propose, .write: parcel.to != 3
            default: true
            }
        }
        group.pass(milliseconds: 5_000)
        #expect(group.status(3).epoch.regency > .first && group.status(3).decided == group.status(0).decided)
        group.passes = { _ in true }
        group.order(client, session, 6...60)
        group.pass(milliseconds: 1_000)
        #expect(group.executed(3).count == 60)
        let spans = group.nodes[3].core.spansToVoteFor
        #expect(spans.first.map { $0.upperBound < group.status(3).decided - window } == true, "it has no part in it")
        #expect(spans.reduce(0) { $0 + $1.upperBound.distance(beyond: $1.lowerBound) + 1 } <= 4 * window)
    }
}
