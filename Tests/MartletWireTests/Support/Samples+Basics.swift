// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension Digest: Sampled {
    static func sample(_ generator: inout Generator) -> Self { Self(words: generator.words()) }
}

extension PublicKey: Sampled {
    static func sample(_ generator: inout Generator) -> Self { Self(words: generator.words()) }
}

extension ClientID: Sampled {
    static func sample(_ generator: inout Generator) -> Self { Self(.sample(&generator)) }
}

extension Signature: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(first: generator.words(), second: generator.words())
    }
}

extension ReplicaID: Sampled {
    static func sample(_ generator: inout Generator) -> Self { generator.number(Self.self) }
}

extension Epoch: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(view: generator.number(ViewNumber.self, from: 1), regency: generator.number(Regency.self, from: 1))
    }
}

extension SessionID: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        generator.next() % 4 == 0
            ? .none : Self(instance: generator.number(Instance.self, from: 1), place: generator.number())
    }
}

extension RequestID: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            client: .sample(&generator), session: .sample(&generator), sequence: generator.number(SequenceNumber.self))
    }
}

extension Principal: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        generator.chance() ? .replica(.sample(&generator)) : .client(.sample(&generator))
    }
}

extension GroupSettings: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        var settings = Self()
        settings.window = .random(in: 1...1024, using: &generator)
        settings.batchRequestsMax = .random(in: 1...16_384, using: &generator)
        settings.batchBytesMax = .random(in: 1024...(16 << 20), using: &generator)
        settings.checkpointPeriod = .random(in: 8...16_384, using: &generator)
        settings.requestBytesMax = .random(in: 1024...(8 << 20), using: &generator)
        settings.pipelineMax = .random(in: 1...4096, using: &generator)
        settings.sessionsPerClientMax = .random(in: 1...65_536, using: &generator)
        settings.sessionsMax = .random(in: 1...1_048_576, using: &generator)
        settings.clockBoundMilliseconds = .random(in: 100...86_400_000, using: &generator)
        settings.measuringPermille = .random(in: 0...1_000, using: &generator)
        settings.calculationPeriod = .random(in: 2_048...1_000_000, using: &generator)
        settings.goalMicroseconds = .random(in: 0...1_000_000_000, using: &generator)
        settings.goalPermille = .random(in: 1_000...10_000, using: &generator)
        settings.hasUnorderedReads = generator.chance()
        return settings
    }
}
