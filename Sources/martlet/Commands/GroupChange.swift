// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletClient
import MartletCrypto
import MartletTypes

/// An operation on a running group, by the one administrator whose signature it needs.
struct GroupChange {
    private let options: AdaptationOptions

    init(_ options: AdaptationOptions) { self.options = options }

    /// Orders what `plan` makes of the newest view that a replica can prove, and tells what became of it.
    func make(_ plan: (View) throws -> ViewPlan) async throws {
        let console = Console(isJSON: options.json)
        try await FailureReport.telling(console) {
            let access = try options.access
            let view = try await newestView(access)
            let operation = try signed(Reconfiguration(after: view, .arrange(plan(view))), view.administration, access)
            let client = try access.client(deadline: .seconds(options.timeout))
            client.start()
            let outcome = try await client.openSession().execute(operation)
            await client.close()
            let number = String(decoding: try outcome.get(), as: UTF8.self)
            console.say("view \(number) follows view \(view.number)")
            console.report(.object(["ok": true, "view": .integer(Int(number) ?? 0)]))
        }
    }

    private func newestView(_ access: GroupAccess) async throws -> View {
        let health = try await access.health(within: .seconds(options.timeout))
        guard !health.answering.isEmpty else { throw CommandFailure(health.sentence) }
        return health.view
    }

    private func signed(
        _ operation: Reconfiguration, _ administration: Administration, _ access: GroupAccess
    ) throws -> Reconfiguration {
        let key = access.key.publicKey
        guard administration.keys.contains(key) else {
            throw CommandFailure(
                "the key \(key) is no administrator's of the group \(access.genesis.name): name another with --key")
        }
        guard administration.needed == 1 else {
            throw CommandFailure(
                "the group \(access.genesis.name) asks for the signatures of \(administration.needed) "
                    + "administrators; this command signs with one key only")
        }
        let sealer = AdministratorSealer(
            group: access.view.group, publicKey: key, key: access.key, scheme: Ed25519Scheme())
        return sealer.sign(operation)
    }
}
