// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension ReceiptStatement: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1), provenance: .sample(&generator),
            result: .sample(&generator))
    }
}

extension ReceiptShare: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(request: .sample(&generator), statement: .sample(&generator), signature: .sample(&generator))
    }
}

extension Receipt: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            group: .sample(&generator), chain: generator.list(ViewCertificate.self, upTo: 2),
            view: generator.number(ViewNumber.self, from: 1), request: .sample(&generator),
            result: generator.bytes(upTo: 9), instance: generator.number(Instance.self, from: 1),
            time: generator.number(Timestamp.self), shares: generator.ascending(SignatureShare.self) { $0.replica })
    }
}
