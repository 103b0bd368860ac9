// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension KeptReply: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            sequence: generator.number(SequenceNumber.self, from: 1), body: .sample(&generator),
            provenance: .sample(&generator))
    }
}

extension Provenance: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            request: .sample(&generator), instance: generator.number(Instance.self, from: 1),
            time: generator.number(Timestamp.self))
    }
}

extension SessionRecord: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            id: SessionID(instance: generator.number(Instance.self, from: 1), place: generator.number()),
            client: .sample(&generator), highest: generator.number(SequenceNumber.self),
            marks: (0..<Int.random(in: 0...2, using: &generator)).map { _ in generator.next() },
            repliesKeptFrom: generator.number(SequenceNumber.self),
            replies: generator.ascending(KeptReply.self) { $0.sequence })
    }
}

extension OpeningRecord: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            client: .sample(&generator), number: generator.number(SequenceNumber.self), session: .sample(&generator))
    }
}

extension LatencyReport: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let count = Int.random(in: 0...3, using: &generator)
        let latencies = (0..<2 * count).map { _ in LinkLatency(generator.number()) }
        return Self(
            proposals: Array(latencies[..<count]), votes: Array(latencies[count...]),
            late: ReplicaSet((0..<count).filter { _ in generator.chance() }.map { ReplicaIndex($0) }),
            took: LinkLatency(generator.number()))
    }
}

extension ReportRecord: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            replica: .sample(&generator), number: generator.number(SequenceNumber.self),
            instance: generator.number(Instance.self), report: generator.optional(LatencyReport.self))
    }
}

extension CalculationInput: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1), instance: generator.number(Instance.self, from: 1),
            leader: .sample(&generator), excluded: generator.ascending(ReplicaID.self) { $0 },
            reports: (0..<Int.random(in: 0...3, using: &generator)).map { _ in generator.optional(LatencyReport.self) },
            experience: .sample(&generator))
    }
}

extension AdaptationImage: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            reports: generator.ascending(ReportRecord.self) { $0.replica }, experience: .sample(&generator),
            calculation: generator.optional(CalculationInput.self))
    }
}

extension CheckpointImage: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            instance: generator.number(Instance.self), time: generator.number(Timestamp.self),
            view: .sample(&generator), sessions: generator.ascending(SessionRecord.self) { $0.id },
            openings: generator.ascending(OpeningRecord.self) { $0.client }, access: .sample(&generator),
            adaptation: .sample(&generator))
    }
}
