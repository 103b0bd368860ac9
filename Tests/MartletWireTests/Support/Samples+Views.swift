// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

extension Install: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1), last: generator.number(Instance.self, from: 1),
            next: .sample(&generator), signature: .sample(&generator))
    }
}

extension ViewCertificate: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1), last: generator.number(Instance.self, from: 1),
            next: .sample(&generator), shares: generator.ascending(SignatureShare.self) { $0.replica })
    }
}

extension FetchViews: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(after: generator.number(ViewNumber.self, from: 1))
    }
}

extension ViewChainPart: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(certificates: generator.list(ViewCertificate.self, upTo: 2))
    }
}

extension ViewPlan: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            heavy: generator.ascending(ReplicaID.self) { $0 }, leaderOrder: generator.list(ReplicaID.self),
            settings: .sample(&generator))
    }
}

extension GroupOperation: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        switch Int(generator.number(from: 0) as UInt8) % 6 {
        case 0: .arrange(.sample(&generator))
        case 1:
            .add(
                Learner(
                    member(&generator), replacing: generator.chance() ? generator.number(ReplicaID.self) : nil))
        case 2: .remove(generator.number(ReplicaID.self))
        case 3: .tolerate(generator.chance() ? .byzantine : .crash, f: Int(generator.number(from: 0) as UInt8))
        case 4: .update(member(&generator))
        default:
            .administer(
                Administration(keys: [.sample(&generator)], needed: 1))
        }
    }
}

private func member(_ generator: inout Generator) -> Member {
    Member(
        id: generator.number(ReplicaID.self), key: .sample(&generator), host: generator.chance() ? "h" : "höst",
        port: 1 + Int(generator.number(from: 0) as UInt8), isHeavy: generator.chance())
}

extension AdministratorShare: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(administrator: .sample(&generator), signature: .sample(&generator))
    }
}

extension Reconfiguration: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            view: generator.number(ViewNumber.self, from: 1),
            number: generator.number(OperationNumber.self, from: 1), operation: .sample(&generator),
            shares: generator.ascending(AdministratorShare.self) { $0.administrator })
    }
}

extension ReconfigurationResult: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        generator.chance()
            ? .follows(generator.number(ViewNumber.self, from: 1)) : .refused(generator.chance() ? "" : "geändert")
    }
}

extension Request {
    /// Apart from the other kinds, whose frozen vectors know nothing of it.
    static func reconfiguration(_ generator: inout Generator) -> Self {
        Self(
            id: RequestID(
                client: .sample(&generator), session: .sample(&generator),
                sequence: generator.number(SequenceNumber.self, from: 1)),
            kind: .reconfiguration(.sample(&generator)), repliesKeptFrom: generator.number(SequenceNumber.self),
            payload: [])
    }
}
