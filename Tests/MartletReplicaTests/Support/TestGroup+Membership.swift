// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletReplica
import MartletTypes

/// A replica that is not in the genesis, and what it is started with.
struct Newcomer: Sendable {
    let member: Member
    let key: SigningKey
    /// Of its own, and there.
    let home: String

    var id: ReplicaID { member.id }
}

extension TestGroup {
    /// One that the administrator can add; nobody listens at its port yet.
    func newcomer(_ id: UInt16) async throws -> Newcomer {
        let key = SigningKey()
        let port = try await Self.freePorts(1)[0]
        let home = "\(directory)/\(id)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        return Newcomer(
            member: Member(id: ReplicaID(id), key: key.publicKey, host: "127.0.0.1", port: port, isHeavy: false),
            key: key, home: home)
    }

    func configuration(_ newcomer: Newcomer) -> ReplicaConfiguration {
        ReplicaConfiguration(
            genesis: genesis, replica: newcomer.id, key: newcomer.key, homeDirectory: newcomer.home,
            logger: log.logger("\(newcomer.id)"))
    }

    /// Started like the others: it waits until it is added, and follows then.
    func start(_ newcomer: Newcomer, change: (inout ReplicaConfiguration) -> Void = { _ in }) throws {
        var configuration = configuration(newcomer)
        change(&configuration)
        try start(configuration)
    }

    /// What the administrator wants of the group next, as it is in that view.
    func signed(_ operation: GroupOperation, after view: View) -> Reconfiguration {
        AdministratorSealer(
            group: view.group, publicKey: administrator.publicKey, key: administrator, scheme: Ed25519Scheme()
        ).sign(Reconfiguration(after: view, operation))
    }

    /// The same for the next one of that number, whichever view it is in by then.
    func signed(_ operation: GroupOperation, number: UInt64) throws -> Reconfiguration {
        let bare = Reconfiguration(view: .genesis, number: OperationNumber(number), operation: operation)
        return AdministratorSealer(
            group: try view.group, publicKey: administrator.publicKey, key: administrator, scheme: Ed25519Scheme()
        ).sign(bare)
    }

    // MARK: Views that nobody has ordered

    /// The genesis view and those that follow by these operations.
    func views(_ operations: [GroupOperation]) throws -> [View] {
        var views = [try view]
        for operation in operations {
            let last = views[views.count - 1]
            views.append(try last.successor(signed(operation, after: last)))
        }
        return views
    }

    /// Views in which nothing but the settings changes.
    func views(count: Int) throws -> [View] {
        var views = [try view]
        while views.count < count {
            let last = views[views.count - 1]
            var settings = last.settings
            settings.goalPermille = 1_001 + views.count % 7
            views.append(
                try last.successor(
                    ViewPlan(heavy: last.plan.heavy, leaderOrder: last.plan.leaderOrder, settings: settings)))
        }
        return views
    }

    /// That these views follow each other, each ending with instance 10 · its number; signed by the keys that the genesis names, or by those
    /// given.
    func chain(_ views: [View], signers: [SigningKey]? = nil) -> [ViewCertificate] {
        zip(views, views.dropFirst()).map { former, next in
            let last = Instance(10 * former.number.rawValue)
            let shares = zip(genesis.members, signers ?? keys).prefix(3).map { member, key in
                let sealer = Sealer(group: former.group, replica: member.id, key: key, scheme: Ed25519Scheme())
                let install = PeerMessage.install(Install(view: former.number, last: last, next: next))
                guard case .install(let sealed) = sealer.seal(install) else { preconditionFailure() }
                return SignatureShare(replica: member.id, signature: sealed.signature)
            }
            return ViewCertificate(view: former.number, last: last, next: next, shares: Array(shares))
        }
    }
}
