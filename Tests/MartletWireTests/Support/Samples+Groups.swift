// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// Members that can be one group: its size, f and fault model by chance.
struct SampledGroup {
    let faultModel: FaultModel
    let f: Int
    let members: [Member]

    init(_ generator: inout Generator) {
        faultModel = generator.chance() ? .byzantine : .crash
        f = Int.random(in: 0...2, using: &generator)
        let n = f == 0 ? 1 : faultModel.membersMin(f: f) + Int.random(in: 0...2, using: &generator)
        let heavy = faultModel == .byzantine ? 2 * f : f
        let places = Array(0..<n).shuffled(using: &generator)
        var members: [Member] = []
        for place in 0..<n {
            members.append(
                Member(
                    id: ReplicaID(UInt16(place * 7 + 1)), key: .sample(&generator), host: "host-\(place).exämple",
                    port: .random(in: 1...65_535, using: &generator), isHeavy: places[place] < heavy))
        }
        self.members = members
    }
}

extension View: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let group = SampledGroup(&generator)
        do {
            return try Self(
                group: .sample(&generator), number: generator.number(ViewNumber.self, from: 1),
                faultModel: group.faultModel, f: group.f, members: group.members,
                leaderOrder: group.members.map(\.id).shuffled(using: &generator), settings: .sample(&generator),
                incarnations: group.members.map(\.id).sorted().filter { _ in generator.chance() }.map { id in
                    Incarnation(
                        replica: id, number: UInt64.random(in: 1 ... .max, using: &generator),
                        admitted: generator.number(Timestamp.self),
                        times: Int.random(in: 1...Incarnation.timesMax, using: &generator))
                })
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

extension Genesis: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let group = SampledGroup(&generator)
        let administrators = generator.list(PublicKey.self)
        do {
            let plain = try Self(
                name: generator.chance() ? "" : "größe", faultModel: group.faultModel, f: group.f,
                members: group.members, administrators: administrators, administratorsNeeded: administrators.count,
                clientAccess: generator.chance() ? .open : .allowList(generator.list(PublicKey.self)),
                settings: .sample(&generator))
            // Of a copy: what is sampled after a genesis is what it was before there were origins.
            var forked = generator
            return try Self(
                name: plain.name, faultModel: plain.faultModel, f: plain.f, members: plain.members,
                administrators: plain.administrators, administratorsNeeded: plain.administratorsNeeded,
                clientAccess: plain.clientAccess, settings: plain.settings,
                origin: forked.optional(GenesisOrigin.self))
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

extension Hello: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        let lowest: UInt16 = generator.number(from: 1)
        return Self(
            versions: ProtocolVersions(lowest: lowest, highest: .random(in: lowest ... .max, using: &generator)),
            group: .sample(&generator), role: generator.chance() ? .client : .replica(.sample(&generator)),
            view: generator.number(ViewNumber.self, from: 1))
    }
}

extension HelloAnswer: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        if generator.chance() {
            return .accepted(version: generator.number(), view: generator.number(ViewNumber.self, from: 1))
        }
        return .refused(HelloRefusal.allCases.randomElement(using: &generator) ?? .wrongGroup, "nö")
    }
}

extension OriginState: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            group: .sample(&generator), instance: generator.number(Instance.self, from: 1), digest: .sample(&generator))
    }
}

extension GenesisOrigin: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(state: .sample(&generator), nonce: .sample(&generator))
    }
}

extension CheckpointProof: Sampled {
    static func sample(_ generator: inout Generator) -> Self {
        Self(
            genesis: .sample(&generator), chain: generator.list(ViewCertificate.self),
            certificate: .sample(&generator))
    }
}
