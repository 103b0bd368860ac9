// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// Clients that do not say the same to all, alone or in league with a liar: what of that costs a leader its place, and
/// whom it keeps from being served.
@Suite("Odd clients")
struct OddClientTests {
    private let odd = Samples.client(1)
    private let honest = Samples.client(2)

    private func leader(_ group: Group) -> Int {
        Int((group.status(3).epoch.regency.rawValue - 1) % UInt64(group.view.n))
    }

    private func signed(_ request: AdmittedRequest) -> AdmittedRequest {
        Samples.admitted(request.request, proof: RequestProof(digests: [request.digest], signature: .absent))
    }

    /// A reading found it: that member counted f+1 words, its own and the liar's, its STOP and the liar's were f+1, and
    /// since nothing was missing in a proposal, strict mode never began.
    @Test("A client that sends to one member only, and a liar that vouches to that member only, end no regency")
    func liarVouchesToOneMemberOnly() throws {
        let group = try Group(checkpointPeriod: 64)
        group.neverSigning = [odd]
        let session = group.openSession(odd)
        group.passes = { parcel in
            guard parcel.from == 2, parcel.to != 2 else { return true }
            return switch parcel.message {
            case .forwarded, .vouches: false
            default: true
            }
        }
        for sequence in 1...5 as ClosedRange<UInt64> {
            let request = Samples.operation(odd, session, sequence)
            group.submit(request, to: [3])
            group.inject(
                .vouches(Vouches(entries: [BatchEntry(id: request.id, digest: request.digest)])), from: 2, to: 3)
            group.pass(milliseconds: 1_500)
            let stop = Stop(view: .genesis, regency: group.status(0).epoch.regency.next, reason: .requestTimeout)
            for place in [0, 1, 3] { group.inject(.stop(stop), from: 2, to: place) }
            group.settle()
        }
        for place in [0, 1, 3] { #expect(group.status(place).epoch.regency == .first) }
    }

    @Test(
        "A client that says one thing to each leader and another to the others costs one leader change",
        arguments: [false, true])
    func anotherContentForTheLeader(isSigned: Bool) throws {
        let group = try Group(checkpointPeriod: 64)
        group.neverSigning = [odd]
        let session = group.openSession(odd)
        for sequence in 1...6 as ClosedRange<UInt64> {
            let leader = leader(group)
            let told = Samples.operation(odd, session, sequence, [1])
            group.submit(Samples.operation(odd, session, sequence, [9]), to: [leader])
            group.submit(isSigned ? signed(told) : told, to: (0..<4).filter { $0 != leader })
            group.pass(milliseconds: 1_500)
        }
        for place in 0...3 { #expect(group.status(place).epoch.regency <= Regency(2)) }
    }

    /// In strict mode a quorum's vouches were enough to be proposed, of which one was a liar's, and one had been taken back.
    @Test("A client that changes its word where it was vouched for costs no leader its place in strict mode")
    func changedWord() throws {
        let group = try Group(checkpointPeriod: 64)
        group.neverSigning = [odd]
        let session = group.openSession(odd)
        group.submit(Samples.operation(odd, session, 1), to: [0])
        group.pass(milliseconds: 1_500)
        #expect(group.status(3).epoch.regency == Regency(2))
        group.passes = { parcel in
            guard parcel.from == 0 else { return true }
            return switch parcel.message {
            case .write, .accept, .decided, .forwarded, .vouches, .batchBody: false
            default: true
            }
        }
        for sequence in 2...4 as ClosedRange<UInt64> {
            let told = Samples.operation(odd, session, sequence, [1])
            group.submit(told, to: [1, 2])
            group.settle()
            group.submit(signed(Samples.operation(odd, session, sequence, [2])), to: [2])
            group.settle()
            group.inject(
                .vouches(Vouches(entries: [BatchEntry(id: told.id, digest: told.digest)])), from: 0, to: 1)
            group.settle()
            group.pass(milliseconds: 1_500)
        }
        for place in 1...3 { #expect(group.status(place).epoch.regency == Regency(2)) }
    }

    /// Or else strict mode would never begin, and the client could do it again and again.
    @Test("A proposal that lacks a client's request is not taken for a slow leader's")
    func missingIsNotSlow() throws {
        var settings = GroupSettings()
        settings.checkpointPeriod = 64
        var timeouts = Timeouts()
        timeouts.requestMin = .seconds(2)
        let group = Group(view: try Samples.view(settings: settings), timeouts: timeouts)
        group.neverSigning = [odd]
        let (session, good) = (group.openSession(odd), group.openSession(honest))
        for sequence in 1...8 as ClosedRange<UInt64> { group.submit(Samples.operation(honest, good, sequence)) }
        group.pass(milliseconds: 3_000)
        group.submit(Samples.operation(odd, session, 1), to: [leader(group)])
        group.pass(milliseconds: 8_000)
        let reasons = group.nodes.flatMap(\.notices).compactMap { notice in
            if case .stopSent(_, let reason) = notice { reason } else { nil }
        }
        #expect(reasons.contains(.requestMissing))
        #expect(!reasons.contains(.slowLeader))
        #expect(group.nodes[3].notices.contains { if case .strictModeBegun = $0 { true } else { false } })
    }

    /// Or else the word of those that only joined would not begin strict mode, though f+1 lacked the request.
    @Test("Who joins in asking for another leader says that it lacks a request, if it does")
    func joiningForWantOfARequest() throws {
        let group = try Group(checkpointPeriod: 64)
        group.neverSigning = [odd]
        let session = group.openSession(odd)
        group.submit(Samples.operation(odd, session, 1), to: [0])
        group.settle()
        let stop = Stop(view: .genesis, regency: Regency(2), reason: .requestTimeout)
        for from in [1, 2] { group.inject(.stop(stop), from: from, to: 3) }
        #expect(group.nodes[3].notices.contains(.stopSent(Regency(2), .requestMissing)))
    }

    @Test("A client's many requests to the leader alone do not hide the one that it signs", arguments: [256, 8_192])
    func manyForTheLeader(count: Int) throws {
        let group = try Group(checkpointPeriod: 64)
        group.neverSigning = [odd]
        let session = group.openSession(odd)
        // Strict mode begins, at the cost of one leader.
        group.submit(Samples.operation(odd, session, 1), to: [0])
        group.pass(milliseconds: 3_000)
        #expect(group.status(3).epoch.regency == Regency(2))
        var next: UInt64 = 1_000
        for sequence in 2...4 as ClosedRange<UInt64> {
            for _ in 0..<count {
                next += 1
                group.submit(Samples.operation(odd, session, next), to: [leader(group)])
            }
            group.submit(signed(Samples.operation(odd, session, sequence)))
            group.pass(milliseconds: 1_500)
        }
        for place in 0...3 {
            #expect(group.status(place).epoch.regency == Regency(2))
            #expect(group.executed(place).count >= 3)
        }
    }

    @Test("Clients that fill one member's pool keep nobody from being served, though the leader is dead")
    func fullPool() throws {
        var settings = GroupSettings()
        settings.checkpointPeriod = 64
        let group = Group(view: try Samples.view(settings: settings), pendingMax: 64)
        group.neverSigning = [odd]
        let (junk, session) = (group.openSession(odd), group.openSession(honest))
        group.nodes[0].isUp = false
        var next: UInt64 = 1_000
        for step in 0..<100 {
            for _ in 0..<80 {
                next += 1
                group.submit(Samples.operation(odd, junk, next), to: [3])
            }
            if step == 1 { group.submit(Samples.operation(honest, session, 1)) }
            group.pass(milliseconds: 20)
        }
        for place in 1...3 { #expect(group.executed(place).count >= 1) }
    }

    @Test("A client that could reach one member only for long is served soon after")
    func longOutage() throws {
        let group = try Group(checkpointPeriod: 64)
        let session = group.openSession(honest)
        group.nodes[0].isUp = false
        group.passes = { $0.to == 2 }
        let request = Samples.operation(honest, session, 1)
        for _ in 0..<14 {
            group.submit(request, to: [1, 2, 3])
            group.pass(milliseconds: 1_000)
        }
        group.passes = { _ in true }
        group.submit(request, to: [1, 2, 3])
        group.pass(milliseconds: 2_500)
        for place in 1...3 { #expect(group.executed(place).count == 1) }
    }

    /// What one replica had dropped came back with what the others passed on, and its client was asked once more to sign it.
    @Test("What is never signed is dropped by all, and its client asked for a signature once by each")
    func neverSigned() throws {
        var settings = GroupSettings()
        settings.checkpointPeriod = 64
        var timeouts = Timeouts()
        timeouts.strict = .seconds(600)
        let group = Group(view: try Samples.view(settings: settings), timeouts: timeouts)
        group.neverSigning = [odd]
        let session = group.openSession(odd)
        // Strict mode begins.
        group.submit(Samples.operation(odd, session, 1), to: [0])
        group.pass(milliseconds: 3_000)
        #expect(group.nodes[3].notices.contains { if case .strictModeBegun = $0 { true } else { false } })
        for node in group.nodes { node.refusals = [] }
        for sequence in 2...6 as ClosedRange<UInt64> {
            for place in 0...3 {
                group.submit(Samples.operation(odd, session, sequence), to: [place])
                group.pass(milliseconds: 300)
            }
        }
        group.pass(milliseconds: 20_000)
        for place in 0...3 {
            #expect(group.status(place).pendingRequests == 0)
            #expect(group.nodes[place].refusals.count <= 10)
        }
    }

    @Test("In strict mode what a client is asked to sign does not keep it from being read")
    func readInStrictMode() throws {
        var timeouts = Timeouts()
        timeouts.strict = .seconds(600)
        let group = Group(view: try Samples.view(), timeouts: timeouts)
        group.neverSigning = [odd]
        let session = group.openSession(odd)
        group.submit(Samples.operation(odd, session, 1), to: [0])
        group.pass(milliseconds: 3_000)
        #expect(group.nodes[3].notices.contains { if case .strictModeBegun = $0 { true } else { false } })
        group.passes = { _ in false }
        let requests = (2...4 as ClosedRange<UInt64>).map { Samples.operation(odd, session, $0) }
        for request in requests { group.submit(request, to: [3]) }
        var queued: Int { group.nodes[3].core.pendingRequests(of: odd).requests }
        #expect(queued == 0)
        for request in requests { group.submit(signed(request), to: [3]) }
        #expect(queued == 3)
    }

    @Test("What is signed late and too much for one message is passed on without waiting for anything")
    func muchSignedLate() throws {
        let group = try Group()
        group.neverSigning = [odd]
        let session = group.openSession(odd)
        let large = Bytes(repeating: 1, count: 700_000)
        let requests = (1...3 as ClosedRange<UInt64>).map { Samples.operation(odd, session, $0, large) }
        group.passes = { _ in false }
        for request in requests { group.submit(request, to: [3]) }
        group.pass(milliseconds: 250)
        group.step(3, .requests(Verified(requests.map(signed), sender: .client(odd))))
        var passedOn: [Int] { group.queue.filter { $0.to == 0 }.compactMap { forwards(in: $0.message) } }
        #expect(passedOn == [2])
        var deadline: Instant { group.nodes[3].core.nextDeadline ?? .distantFuture }
        #expect(deadline <= group.now.monotonic)
        group.step(3, .deadline)
        #expect(passedOn == [2, 1])
        #expect(deadline > group.now.monotonic)
    }

    private func forwards(in message: PeerMessage) -> Int? {
        if case .forwarded(let forwards) = message { forwards.count } else { nil }
    }
}
