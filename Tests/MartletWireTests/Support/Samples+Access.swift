// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension ClientLimits: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            sessionsMax: generator.number(), batchRequestsMax: generator.number(), batchBytesMax: generator.number())
    }
}

extension AccessTable.Entry: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        generator.chance() ? .admitted(.sample(&generator), .sample(&generator)) : .expelled(.sample(&generator))
    }
}

extension AccessTable: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            policy: generator.chance() ? .open : .listed, entries: generator.ascending(Entry.self) { $0.client })
    }
}

extension AccessSummary: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            policy: generator.chance() ? .open : .listed, admitted: generator.number(), expelled: generator.number())
    }
}

extension AccessChange.Grant: Sampled {
    static func sample(_ generator: inout Generator) -> Self { Self(.sample(&generator), .sample(&generator)) }
}

extension AccessChange: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        switch Int(generator.number(from: 0) as UInt8) % 5 {
        case 0: .policy(generator.chance() ? .open : .listed)
        case 1: .admit(generator.ascending(Grant.self) { $0.client })
        case 2: .expel(generator.ascending(ClientID.self) { $0 })
        case 3: .forget(generator.ascending(ClientID.self) { $0 })
        default: .replace(.sample(&generator), by: .sample(&generator))
        }
    }
}

extension Reconfiguration {
    /// Apart from the other operations, whose frozen vectors know nothing of it.
    static func ofClients(_ generator: inout Generator) -> Self {
        let any = sample(&generator)
        return Self(view: any.view, number: any.number, operation: .access(.sample(&generator)), shares: any.shares)
    }
}
