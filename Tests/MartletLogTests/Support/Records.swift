// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes

/// Records to write down, each different from all others.
struct Records {
    private var random: SeededRandom
    private var made: UInt64 = 0
    private(set) var instance = Instance(1)
    private var view = ViewNumber.genesis
    private var regency = Regency.first

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    static func digest(_ number: UInt64) -> Digest { Digest(words: Words32(number, 2, 3, number &* 7)) }

    static func vote(_ instance: UInt64, _ number: UInt64 = 0) -> LogRecord {
        .wrote(
            LoggedVote(
                epoch: Epoch(view: .genesis, regency: .first), instance: Instance(instance), digest: digest(number)))
    }

    static func view(_ number: UInt64) throws -> ViewCertificate {
        let member = Member(
            id: ReplicaID(1), key: PublicKey(words: Words32(1, 1, 1, 1)), host: "a", port: 1, isHeavy: false)
        let next = try View(
            group: digest(9), number: ViewNumber(number), faultModel: .crash, f: 0, members: [member],
            leaderOrder: [ReplicaID(1)], settings: GroupSettings())
        return ViewCertificate(view: ViewNumber(number - 1), last: Instance(number), next: next, shares: [])
    }

    static func stable(_ instance: UInt64) -> LogRecord {
        .stable(
            CheckpointCertificate(view: .genesis, instance: Instance(instance), digest: digest(instance), shares: []))
    }

    static func sync(_ epoch: Epoch) -> LogRecord { .synced(Sync(epoch: epoch, collected: [])) }

    mutating func next() throws -> LogRecord {
        made += 1
        switch random.below(20) {
        case 0: return .incarnation(made)
        case 1:
            (view, regency) = (view.next, .first)
            return .view(try Self.view(view.rawValue))
        case 2, 3:
            regency = regency.next
            return .entered(Epoch(view: view, regency: regency))
        case 4, 5: return Self.sync(Epoch(view: view, regency: regency))
        case 6: return Self.stable(instance.rawValue)
        case 7..<12:
            instance = instance.next
            return .batch(
                Self.digest(made),
                BatchBody(
                    batch: Batch(
                        instance: instance, born: Epoch(view: view, regency: regency), time: .zero, entries: []),
                    bodies: []))
        default: return Self.vote(instance.rawValue, made)
        }
    }

    mutating func next(_ count: Int) throws -> [LogRecord] {
        var records: [LogRecord] = []
        for _ in 0..<count { records.append(try next()) }
        return records
    }
}
