// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension BatchEntry: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(id: .sample(&generator), digest: .sample(&generator))
    }
}

extension Batch: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        sample(&generator, entries: generator.list(BatchEntry.self))
    }

    static func sample(_ generator: inout Generator, entries: [BatchEntry]) -> Self {
        Self(
            instance: generator.number(Instance.self, from: 1), born: .sample(&generator),
            time: entries.isEmpty ? .zero : generator.number(Timestamp.self), entries: entries)
    }
}

extension Propose: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(epoch: .sample(&generator), batch: .sample(&generator))
    }
}

extension BatchBody: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let bodies = generator.list(Request.self)
        var entries: [BatchEntry] = []
        for body in bodies { entries.append(BatchEntry(id: body.id, digest: .sample(&generator))) }
        let held = bodies.map { generator.chance() ? $0 : nil }
        return Self(batch: .sample(&generator, entries: entries), bodies: held)
    }
}

extension WriteVote: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            epoch: .sample(&generator), instance: generator.number(Instance.self, from: 1), digest: .sample(&generator))
    }
}

extension LoggedVote: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            epoch: .sample(&generator), instance: generator.number(Instance.self, from: 1), digest: .sample(&generator))
    }
}

extension AcceptVote: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            epoch: .sample(&generator), instance: generator.number(Instance.self, from: 1),
            digest: .sample(&generator), signature: .sample(&generator))
    }
}

extension Challenge: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let subject: Subject =
            switch generator.next() % 3 {
            case 0: .vote
            case 1: .proposal(.sample(&generator), generator.number(Instance.self, from: 1))
            default: .dummyProposal(padding: generator.bytes(upTo: 20))
            }
        return Self(subject, number: generator.number())
    }
}

extension Decided: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1), instance: generator.number(Instance.self, from: 1),
            digest: .sample(&generator))
    }
}

extension SignatureShare: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(replica: .sample(&generator), signature: .sample(&generator))
    }
}

extension DecisionCertificate: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            epoch: .sample(&generator), instance: generator.number(Instance.self, from: 1),
            digest: .sample(&generator), shares: generator.ascending(SignatureShare.self) { $0.replica })
    }
}

extension Decision: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(body: .sample(&generator), certificate: .sample(&generator))
    }
}
