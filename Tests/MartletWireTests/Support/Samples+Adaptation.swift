// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

extension CalculationOutcome: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        func latency() -> UInt64? { generator.chance() ? generator.next() : nil }
        return Self(
            view: generator.number(ViewNumber.self, from: 1), instance: generator.number(Instance.self, from: 1),
            reason: Reason.allCases.randomElement(using: &generator) ?? .better,
            leaderOrder: (0..<4).shuffled(using: &generator).map { ReplicaIndex($0) },
            heavy: ReplicaSet((0..<4).filter { _ in generator.chance() }.map { ReplicaIndex($0) }),
            predictions: Predictions(current: latency(), best: latency(), median: latency(), worst: latency()),
            decided: (0..<Int.random(in: 0...4, using: &generator)).map { _ in latency() },
            comparison: generator.optional(Comparison.self))
    }
}

extension CalculationOutcome.Comparison: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let members = Int.random(in: 0...128, using: &generator)
        return Self(
            medianBefore: generator.next(), medianAfter: generator.next(), members: members,
            worse: Int.random(in: 0...members, using: &generator))
    }
}

extension Experience: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        var experience = Self()
        experience.suspicions = generator.ascending(Suspicion.self) { $0.replica }
        experience.former = generator.optional(FormerAssignment.self)
        experience.rejected = (0..<Int.random(in: 0...2, using: &generator)).map { _ in .sample(&generator) }
        experience.setbacks = Int.random(in: 0...setbacksMax, using: &generator)
        experience.changed = generator.number(Instance.self)
        return experience
    }
}

extension Suspicion: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let times = Int.random(in: 0...timesMax, using: &generator)
        let first = Int.random(in: 1...1_000, using: &generator)
        return Self(
            replica: .sample(&generator),
            accusations: (0..<Int.random(in: 1...accusationsNeeded, using: &generator)).map {
                Instance(UInt64(first + $0 * 500))
            },
            accusers: Int.random(in: 1...127, using: &generator), times: times,
            since: times == 0 ? .zero : generator.number(Instance.self, from: 1),
            until: times == 0 ? .zero : generator.number(Instance.self, from: 1))
    }
}

extension FormerAssignment: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            leader: .sample(&generator), heavy: generator.ascending(ReplicaID.self) { $0 },
            predicted: UInt64.random(in: 0...microsecondsMax, using: &generator),
            decided: generator.ascending(MemberTime.self) { $0.replica },
            judged: Int.random(in: 0...Experience.trialCalculations, using: &generator))
    }
}

extension FormerAssignment.MemberTime: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            replica: .sample(&generator),
            microseconds: UInt64.random(in: 0...FormerAssignment.microsecondsMax, using: &generator))
    }
}

extension RejectedAssignment: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            leader: .sample(&generator), heavy: generator.ascending(ReplicaID.self) { $0 },
            until: generator.number(Instance.self, from: 1))
    }
}

extension CalculationRecord: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            input: .sample(&generator), outcome: .sample(&generator),
            fate: Fate.allCases.randomElement(using: &generator) ?? .due,
            observed: generator.chance() ? generator.next() : nil)
    }
}

extension AdaptationReport: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            replica: .sample(&generator), epoch: .sample(&generator),
            decided: generator.number(Instance.self), observed: generator.chance() ? generator.next() : nil,
            calculations: (0..<Int.random(in: 0...2, using: &generator)).map { _ in .sample(&generator) })
    }
}
