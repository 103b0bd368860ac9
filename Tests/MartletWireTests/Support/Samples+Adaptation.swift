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
            predictions: Predictions(current: latency(), best: latency(), median: latency(), worst: latency()))
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
