// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension Stop: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1), regency: generator.number(Regency.self, from: 1),
            // Those that the frozen vectors were drawn from; the byte of a later one differs by its number only.
            reason: StopReason.allCases.prefix(6).randomElement(using: &generator) ?? .joined)
    }
}

extension RegencyDigest: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(regency: generator.number(Regency.self, from: 1), digest: .sample(&generator))
    }
}

extension InstanceClaim: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            instance: generator.number(Instance.self, from: 1), lock: generator.optional(RegencyDigest.self),
            writeSet: generator.ascending(RegencyDigest.self) { $0.digest })
    }
}

extension StopData: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            epoch: .sample(&generator), sender: .sample(&generator),
            base: generator.optional(DecisionCertificate.self),
            checkpoint: generator.optional(CheckpointCertificate.self),
            claims: generator.ascending(InstanceClaim.self) { $0.instance }, signature: .sample(&generator))
    }
}

extension Sync: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            epoch: .sample(&generator), collected: generator.list(StopData.self, upTo: 2),
            signature: .sample(&generator))
    }
}

extension CheckpointVote: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1), instance: generator.number(Instance.self, from: 1),
            digest: .sample(&generator), signature: .sample(&generator))
    }
}

extension CheckpointCertificate: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1), instance: generator.number(Instance.self, from: 1),
            digest: .sample(&generator), shares: generator.ascending(SignatureShare.self) { $0.replica })
    }
}

extension CheckpointName: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(instance: generator.number(Instance.self, from: 1), digest: .sample(&generator))
    }
}

extension NamedManifest: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let count = Int.random(in: 1...4, using: &generator)
        return Self(
            checkpoint: .sample(&generator),
            manifest: CheckpointManifest(
                imageChunks: Int.random(in: 1...count, using: &generator),
                bytes: Int.random(in: count...100_000, using: &generator),
                digests: (0..<count).map { _ in .sample(&generator) }))
    }
}

extension FetchChunks: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let first = UInt32.random(in: 0...9, using: &generator)
        let count = UInt32.random(in: 1...4, using: &generator)
        return Self(checkpoint: .sample(&generator), positions: (0..<count).map { first + 3 * $0 })
    }
}

extension CheckpointChunk: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            checkpoint: .sample(&generator), position: UInt32.random(in: 0...9, using: &generator),
            bytes: [7] + generator.bytes(upTo: 40))
    }
}

extension CheckpointContents: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let count = Int.random(in: 1...4, using: &generator)
        return Self(
            imageChunks: Int.random(in: 1...count, using: &generator),
            chunks: (0..<count).map { _ in [7] + generator.bytes(upTo: 40) })
    }
}

extension Progress: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            epoch: .sample(&generator), isSynced: generator.chance(),
            mode: generator.chance() ? .voter : .learner, decided: generator.number(Instance.self),
            stableCheckpoint: generator.number(Instance.self), asksForHelp: generator.chance())
    }
}
