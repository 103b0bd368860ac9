// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// How members measure how far away they are from each other, and what liars can do about it (adaptation §2).
@Suite("Measuring links")
struct MeasuringTests {
    private let client = Samples.client(1)

    private func group(
        n: Int = 4, f: Int = 1, model: FaultModel = .byzantine, permille: Int = 1_000, timeouts: Timeouts = Timeouts()
    ) throws -> Group {
        var settings = GroupSettings()
        settings.window = 4
        settings.measuringPermille = permille
        let group = Group(view: try Samples.view(n: n, f: f, model: model, settings: settings), timeouts: timeouts)
        group.drawNumbers()
        return group
    }

    /// Lets a client submit a request every 20 ms; messages take so many milliseconds, dropped ones for ever.
    private func run(_ group: Group, requests: UInt64, delay: @escaping (Group.Parcel) -> UInt64?) {
        var held: [(at: Instant, parcel: Group.Parcel)] = []
        let session = group.openSession(client)
        group.passes = { parcel in
            if let delay = delay(parcel) { held.append((group.now.monotonic + .milliseconds(delay), parcel)) }
            return false
        }
        for step in 1...requests * 20 {
            if step % 20 == 0 { group.submit(Samples.operation(client, session, step / 20)) }
            group.pass(milliseconds: 1)
            let due = held.filter { $0.at <= group.now.monotonic }
            held.removeAll { $0.at <= group.now.monotonic }
            for one in due { group.inject(one.parcel.message, from: one.parcel.from, to: one.parcel.to) }
            group.settle()
        }
    }

    private func measured(_ group: Group, _ path: LatencyMonitor.Path, by place: Int) -> [LinkLatency] {
        group.nodes.indices.map { group.nodes[place].core.measured(path, to: ReplicaIndex($0)) }
    }

    private func near(_ latency: LinkLatency, milliseconds: UInt32) -> Bool {
        (milliseconds * 1_000...milliseconds * 1_000 + 1_000).contains(latency.rawValue)
    }

    @Test(
        "Each member knows how far away each other is, for votes and proposals",
        arguments: [FaultModel.byzantine, .crash])
    func distances(model: FaultModel) throws {
        let group = try group(model: model)
        let distance: [[UInt64]] = [[0, 2, 5, 9], [2, 0, 4, 7], [5, 4, 0, 3], [9, 7, 3, 0]]
        run(group, requests: 100) { distance[$0.from][$0.to] }
        for place in 0...3 {
            for path in LatencyMonitor.Path.allCases {
                let latencies = measured(group, path, by: place)
                for other in 0...3 where other != place {
                    #expect(
                        near(latencies[other], milliseconds: UInt32(distance[place][other])),
                        "\(path) \(place) → \(other): \(latencies[other])")
                }
                #expect(latencies[place] == .zero)
            }
        }
    }

    @Test("Large messages may take longer: proposals are measured by what is as large, also by those that do not lead")
    func largeMessages() throws {
        let group = try group()
        run(group, requests: 200) { parcel in
            switch parcel.message {
            case .propose: 12
            case .challenge(let it): if case .vote = it.subject { 2 } else { 12 }
            default: 2
            }
        }
        for place in 0...3 {
            for other in 0...3 where other != place {
                #expect(near(measured(group, .votes, by: place)[other], milliseconds: 2))
                #expect(near(measured(group, .proposals, by: place)[other], milliseconds: 7))
            }
        }
    }

    @Test("A dummy proposal is as large as the leader's, and nobody acts on it")
    func dummyProposals() throws {
        let group = try group()
        let session = group.openSession(client)
        let sent = (0...3).map { group.record($0) }
        for sequence in 1...40 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence))
            group.pass(milliseconds: 10)
        }
        let dummies = sent.map { recording in
            recording.messages.compactMap { message -> Int? in
                guard case .challenge(let it) = message, case .dummyProposal(let padding) = it.subject else {
                    return nil
                }
                return padding.count
            }
        }
        #expect(dummies[0].isEmpty)
        for place in 1...3 {
            #expect((24...36).contains(dummies[place].count))
            #expect(dummies[place].allSatisfy { $0 == 64 + 84 })
        }
        #expect(group.executed(2).count == 40)
    }

    @Test("ω bounds what measuring adds to a group's messages", arguments: [0, 100, 500, 1_000])
    func omega(permille: Int) throws {
        let group = try group(permille: permille)
        let session = group.openSession(client)
        let sent = (0...3).map { group.record($0) }
        for sequence in 1...400 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence))
            group.pass(milliseconds: 5)
        }
        let messages = sent.flatMap(\.messages)
        let measuring = messages.count { message in
            switch message {
            case .challenge, .challengeResponse: true
            default: false
            }
        }
        let deciding = messages.count { message in
            switch message {
            case .propose, .write, .accept: true
            default: false
            }
        }
        // With n = 4 up to 36 for 27, and some in the beginning.
        #expect(measuring * 1_000 <= deciding * permille * 4 / 3 + 40_000)
        #expect(permille == 0 ? measuring == 0 : measuring * 1_000 >= deciding * permille * 3 / 4)
    }

    @Test("An idle group goes on measuring, slowly, and does nothing else")
    func idle() throws {
        let group = try group(permille: 100)
        _ = group.openSession(client)
        group.pass(milliseconds: 2_000)
        let decided = group.status(0).decided
        let sent = group.record(1)
        group.pass(milliseconds: 7_000)
        #expect(group.status(0).decided == decided)
        let challenges = sent.messages.count { if case .challenge = $0 { true } else { false } }
        #expect((18...24).contains(challenges))
        for other in [0, 2, 3] { #expect(!measured(group, .votes, by: 1)[other].isMissing) }
    }

    @Test("A member that falls silent becomes missing for the others, loaded or idle", arguments: [true, false])
    func silent(isLoaded: Bool) throws {
        let group = try group()
        run(group, requests: 100) { _ in 3 }
        #expect(near(measured(group, .votes, by: 0)[3], milliseconds: 3))
        group.nodes[3].isUp = false
        if isLoaded {
            let session = group.openSession(client)
            for sequence in 1...300 as ClosedRange<UInt64> {
                group.submit(Samples.operation(client, session, sequence))
                group.pass(milliseconds: 20)
            }
        }
        group.passes = { _ in true }
        group.pass(milliseconds: 70_000)
        for path in LatencyMonitor.Path.allCases {
            #expect(measured(group, path, by: 0)[3].isMissing)
            #expect(!measured(group, path, by: 0)[1].isMissing)
        }
    }

    @Test("Who votes for nothing is not measured: a learner neither asks nor answers")
    func learner() throws {
        let group = try group()
        group.passes = { if $0.from == 3, case .operation = $0.message { false } else { true } }
        group.restart(3, mode: .learner)
        let sent = group.record(3)
        let session = group.openSession(client)
        for sequence in 1...20 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence))
            group.pass(milliseconds: 200)
        }
        let said = sent.messages.contains { message in
            switch message {
            case .challenge, .challengeResponse: true
            default: false
            }
        }
        #expect(!said)
        #expect(measured(group, .votes, by: 0)[3].isMissing)
    }

    // MARK: Liars

    @Test("Nobody can answer before it is asked, for another, or twice")
    func falseResponses() throws {
        let group = try group()
        var challenges: [(number: UInt64, to: Int)] = []
        run(group, requests: 60) { parcel in
            if parcel.from == 0, case .challenge(let it) = parcel.message, parcel.to != 3 {
                challenges.append((it.number, parcel.to))
                // The liar has learnt what others were asked, and what it will be asked, as it thinks.
                for number in [it.number, it.number &+ 1, challenges[0].number] {
                    group.inject(
                        .challengeResponse(ChallengeResponse(number: number, digest: nil)), from: 3, to: 0)
                }
            }
            if parcel.from == 3, parcel.to == 0, case .challengeResponse = parcel.message { return nil }
            return 5
        }
        group.passes = { _ in false }
        group.pass(milliseconds: 1_500)
        #expect(challenges.count > 100)
        #expect(measured(group, .votes, by: 0)[3].isMissing)
        #expect(near(measured(group, .votes, by: 0)[1], milliseconds: 5))
    }

    @Test("Who answers late looks as far away as that, and nobody else does")
    func lateResponses() throws {
        let group = try group()
        run(group, requests: 100) { parcel in
            if parcel.from == 3, case .challengeResponse = parcel.message { return 45 }
            return 5
        }
        #expect(near(measured(group, .votes, by: 0)[3], milliseconds: 25))
        #expect(near(measured(group, .votes, by: 3)[0], milliseconds: 5))
        #expect(near(measured(group, .votes, by: 0)[1], milliseconds: 5))
    }

    @Test("Who names another batch than was proposed has not answered")
    func wrongDigests() throws {
        let group = try group()
        group.rewrite = { parcel in
            guard parcel.from == 3, case .challengeResponse(let it) = parcel.message, it.digest != nil else {
                return parcel.message
            }
            return .challengeResponse(ChallengeResponse(number: it.number, digest: .zero))
        }
        let session = group.openSession(client)
        for sequence in 1...60 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence))
            group.pass(milliseconds: 100)
        }
        #expect(measured(group, .proposals, by: 0)[3].isMissing)
        #expect(!measured(group, .votes, by: 0)[3].isMissing)
        #expect(!measured(group, .proposals, by: 0)[2].isMissing)
    }

    @Test("A member that asks without pause is answered about as often as others")
    func floodOfChallenges() throws {
        let group = try group(permille: 100)
        let session = group.openSession(client)
        let sent = group.record(0)
        for sequence in 1...100 as ClosedRange<UInt64> {
            group.submit(Samples.operation(client, session, sequence))
            for number in 0..<50 as Range<UInt64> {
                group.inject(.challenge(Challenge(.vote, number: number)), from: 3, to: 0)
            }
            group.pass(milliseconds: 10)
        }
        let responses = sent.messages.count { if case .challengeResponse = $0 { true } else { false } }
        // To the other two as often as they ask, to the third 64 at once and four for each measured instance.
        #expect(responses <= 64 + 4 * 15 + 2 * 2 * 15 + 10)
    }
}
