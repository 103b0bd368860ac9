// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// Member 3 is behind by far; member 0 lies.
@Suite("Who keeps the decisions after a state, and who only says so (protocol §7)")
struct KeeperTests {
    private let patience = Interval.milliseconds(500)
    private let period = Interval.seconds(10)
    private let liar = ReplicaIndex(0)
    private let base = CheckpointName(instance: Instance(10), digest: .zero)

    private func catchUp(_ keepers: [Int], n: Int = 4, model: FaultModel = .byzantine) throws -> CatchUp {
        let f = model == .byzantine ? (n - 1) / 3 : (n - 1) / 2
        let view = try Samples.view(n: n, f: f, model: model)
        var catchUp = CatchUp(view: view, peers: Samples.peers(view, me: n - 1), seed: 0)
        for place in 0..<n - 1 { catchUp.note(decided: Instance(100_000), of: ReplicaIndex(place)) }
        catchUp.begin(with: ReplicaSet(keepers.map { ReplicaIndex($0) }), after: base)
        return catchUp
    }

    private func offer(_ instance: UInt64) -> CheckpointCertificate {
        CheckpointCertificate(view: .genesis, instance: Instance(instance), digest: .zero, shares: [])
    }

    @Test("One that answers at once with nothing of use is not counted on for long")
    func useless() throws {
        var catchUp = try catchUp([0])
        let now = Instant(1_000_000_000)
        var asked = 0
        for _ in 0..<20 {
            let source = catchUp.source(beyond: Instance(10), for: Instance(11), at: now, patience: patience)
            let chosen = try #require(source)
            if chosen == liar { asked += 1 }
            catchUp.answered(by: chosen, usefully: chosen != liar, at: now, patience: patience)
        }
        #expect(catchUp.keepers.isEmpty)
        #expect(asked <= 4)
    }

    @Test("One that gives a decision now and then, so that nobody comes nearer, is given up, and the others are asked")
    func drips() throws {
        for keepers in [[0], [0, 1, 2]] {
            var catchUp = try catchUp(keepers)
            var now = Instant(1_000_000_000)
            var gap = 90_000
            for _ in 0..<60 {
                _ = catchUp.source(beyond: Instance(10), for: Instance(11), at: now, patience: patience)
                now = now + .milliseconds(400)
                catchUp.answered(by: liar, usefully: true, at: now, patience: patience)
                gap -= 1
                catchUp.judgeKeepers(gap: gap, at: now, period: period)
            }
            #expect(catchUp.keepers.isEmpty)
        }
    }

    @Test("Those that bring it nearer are kept, and each time have twice as long")
    func patient() throws {
        var catchUp = try catchUp([1, 2])
        var now = Instant(1_000_000_000)
        var gap = 100_000
        for _ in 0..<100 {
            now = now + .seconds(1)
            gap -= gap / 50
            catchUp.judgeKeepers(gap: gap, at: now, period: period)
        }
        #expect(catchUp.keepers.count == 2)
        var times: [UInt64] = []
        for _ in 0..<3 {
            catchUp.begin(with: ReplicaSet([ReplicaIndex(1)]), after: base)
            let begun = now
            while !catchUp.keepers.isEmpty {
                now = now + .seconds(1)
                catchUp.judgeKeepers(gap: gap, at: now, period: period)
            }
            times.append(now.since(begun).nanoseconds / 1_000_000_000)
        }
        #expect(times == [11, 21, 41])
    }

    @Test("One that always answers too late is asked now and then only, though what it sends is of use")
    func late() throws {
        var catchUp = try catchUp([0, 1, 2])
        var now = Instant(1_000_000_000)
        var questions: [Int: Int] = [:]
        let end = now + .seconds(20)
        while now < end {
            let source = catchUp.source(beyond: Instance(10), for: Instance(11), at: now, patience: patience)
            let chosen = try #require(source)
            questions[chosen.position, default: 0] += 1
            guard chosen == liar else {
                now = now + .milliseconds(10)
                catchUp.answered(by: chosen, usefully: true, at: now, patience: patience)
                continue
            }
            now = now + patience
            // The next one has been asked by then.
            let next = catchUp.source(beyond: Instance(10), for: Instance(11), at: now, patience: patience)
            catchUp.answered(by: liar, usefully: true, at: now, patience: patience)
            if let next { catchUp.answered(by: next, usefully: true, at: now, patience: patience) }
        }
        #expect(questions[0, default: 0] <= 6)
        #expect(questions[1, default: 0] > 500)
        #expect(catchUp.keepers.contains(liar))
    }

    /// Members 0 to 3 keep the decisions and take three times the patience for each answer, 4 and 5 offer newer states.
    @Test("Members that are all slow are waited for: nothing is asked for twice, and no state fetched for it")
    func slow() throws {
        var catchUp = try catchUp([0, 1, 2, 3], n: 7)
        let begun = Instant(1_000_000_000)
        var now = begun
        var (decided, others) = (10 as UInt64, 4_000 as UInt64)
        var answers: [(at: Instant, from: ReplicaIndex, first: UInt64)] = []
        var (questions, useful) = (0, 0)
        while now.since(begun) < .seconds(60), others > decided + 128 {
            now = now + .milliseconds(20)
            if now.since(begun).nanoseconds % 100_000_000 == 0 { others += 1 }
            for place in 0..<6 { catchUp.note(decided: Instance(others), of: ReplicaIndex(place)) }
            while let answer = answers.first, answer.at <= now {
                answers.removeFirst()
                guard answer.from.position < 4 else {
                    catchUp.noteOffer(offer(others), of: answer.from, at: now)
                    catchUp.answered(by: answer.from, usefully: true, at: now, patience: patience)
                    continue
                }
                let hasMoved = answer.first == decided + 1
                if hasMoved { (decided, useful) = (decided + 128, useful + 1) }
                let isAwaited = catchUp.isAwaited(answer.from, for: Instance(answer.first))
                catchUp.answered(
                    by: answer.from, from: Instance(answer.first), usefully: isAwaited || hasMoved, at: now,
                    patience: patience)
                if hasMoved { catchUp.noteDecisions(of: answer.from) }
            }
            catchUp.judgeKeepers(gap: Int(others - decided), at: now, period: period)
            #expect(catchUp.state(beyond: Instance(decided), at: now, patience: patience) == nil)
            let first = Instance(decided + 1)
            guard let source = catchUp.source(beyond: Instance(decided), for: first, at: now, patience: patience)
            else { continue }
            questions += 1
            answers.append((now + .milliseconds(1_500), source, decided + 1))
        }
        #expect(catchUp.keepers.count == 4)
        // Each of them was too slow a few times until that was known.
        #expect(useful >= 30 && questions <= useful + 12, "\(useful) of \(questions)")
    }

    @Test("One that always says something at once is not asked alone while the others are slow")
    func words() throws {
        var catchUp = try catchUp([])
        let begun = Instant(1_000_000_000)
        var now = begun
        var answers: [(at: Instant, from: ReplicaIndex)] = []
        var asked = 0
        while now.since(begun) < .seconds(20) {
            now = now + .milliseconds(20)
            while let answer = answers.first, answer.at <= now {
                answers.removeFirst()
                catchUp.answered(
                    by: answer.from, from: Instance(11), usefully: true, at: now, patience: patience)
            }
            let source = catchUp.source(beyond: Instance(10), for: Instance(11), at: now, patience: patience)
            guard let source else { continue }
            if source == liar {
                asked += 1
                catchUp.answered(withAWord: liar, at: now)
            } else {
                answers.append((now + .milliseconds(1_500), source))
            }
        }
        #expect(asked <= 30, "\(asked)")
    }

    @Test("Those that have brought a replica to the others are not given up for having nothing to give")
    func idle() throws {
        var catchUp = try catchUp([0, 1])
        var now = Instant(1_000_000_000)
        for _ in 0..<30 {
            now = now + .seconds(1)
            catchUp.judgeKeepers(gap: 0, at: now, period: period)
        }
        #expect(catchUp.keepers.count == 2)
    }

    @Test("While those that keep the decisions may all be liars every second question goes to somebody else")
    func fewKeepers() throws {
        var catchUp = try catchUp([0])
        let now = Instant(1_000_000_000)
        var asked: [Int] = []
        for _ in 0..<8 {
            let source = catchUp.source(beyond: Instance(10), for: Instance(11), at: now, patience: patience)
            let chosen = try #require(source)
            asked.append(chosen.position)
            catchUp.answered(by: chosen, usefully: true, at: now, patience: patience)
        }
        #expect(asked.count { $0 == 0 } == 4)
    }

    // MARK: Offers of newer states

    @Test("A member alone cannot have a replica that is a little behind fetch a whole state; f+1 can")
    func offers() throws {
        var catchUp = try catchUp([])
        let now = Instant(1_000_000_000)
        catchUp.noteOffer(offer(64), of: liar, at: now)
        #expect(catchUp.state(beyond: Instance(10), at: now, patience: patience) == nil)
        catchUp.noteOffer(offer(128), of: ReplicaIndex(1), at: now)
        let state = catchUp.state(beyond: Instance(10), at: now, patience: patience)
        #expect(state?.certificate.instance == Instance(128) && state?.source == ReplicaIndex(1))
        // It has got there by itself.
        #expect(catchUp.state(beyond: Instance(100), at: now, patience: patience) == nil)
        #expect(catchUp.state(beyond: Instance(10), at: now + .seconds(11), patience: patience) == nil)
    }

    @Test("Nor does it wait for those that do not answer; where members only crash one is enough")
    func onlyOffer() throws {
        var catchUp = try catchUp([])
        var now = Instant(1_000_000_000)
        // One answer may be lost.
        for _ in 0..<6 {
            let source = catchUp.source(beyond: Instance(10), for: Instance(11), at: now, patience: patience)
            if source == liar {
                catchUp.answered(by: liar, usefully: true, at: now, patience: patience)
                catchUp.noteOffer(offer(64), of: liar, at: now)
            } else {
                now = now + patience
            }
        }
        _ = catchUp.source(beyond: Instance(10), for: Instance(11), at: now, patience: patience)
        #expect(catchUp.state(beyond: Instance(10), at: now, patience: patience)?.source == liar)
        var crashing = try self.catchUp([], n: 3, model: .crash)
        crashing.noteOffer(offer(64), of: ReplicaIndex(1), at: now)
        #expect(crashing.state(beyond: Instance(10), at: now, patience: patience) != nil)
    }
}
