// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import MartletClient
import MartletCrypto
import MartletTypes

/// What a command needs to speak with a group: what it is founded on, and a key. Whether the group serves that key its replicas tell: whom
/// the genesis lists is only how it began.
struct GroupAccess {
    let genesis: Genesis
    let view: View
    let key: SigningKey
    private let via: [Contact]
    /// Keeps the views that it was told, so that whoever asks again and again goes the way from the genesis once.
    private let probe: ClusterProbe

    /// `via` is where replicas of the group listen, beside those that the genesis lists.
    init(_ directory: GroupDirectory, keyFile: String? = nil, via: [Address] = []) throws {
        genesis = try directory.genesis()
        key = try directory.clientKey(at: keyFile)
        self.via = via.map { Contact(host: $0.host, port: $0.port) }
        view = try genesis.firstView(group: Hashing.group(of: genesis))
        probe = try ClusterProbe(genesis: genesis, key: key, via: self.via)
    }

    /// A client that tells on standard error what it waits for.
    func client(deadline: Duration) throws -> Client {
        var configuration = ClientConfiguration(
            genesis: genesis, key: key, logger: ConsoleLogHandler.logger("martlet", level: .notice))
        configuration.deadline = deadline
        configuration.via = via
        return try Client(configuration)
    }

    /// Asks all members why the group is led as it is.
    func adaptation(within limit: Duration = .seconds(2)) async throws -> GroupAdaptation {
        let answers = await probe.adaptation(within: limit)
        return GroupAdaptation(view: probe.newestView, answers: answers)
    }

    /// Asks all members and learners how they are.
    func health(within limit: Duration = .seconds(2)) async throws -> GroupHealth {
        try await survey(within: limit).health
    }

    /// The same, with all views that were proved, the first one first.
    func survey(within limit: Duration = .seconds(2)) async throws -> (health: GroupHealth, views: [View]) {
        let reports = await probe.run(within: limit)
        let views = probe.views
        // Views that came after the last question was put are for the next time.
        let view = views.last { $0.audience.map(\.id) == reports.map(\.member.id) } ?? view
        return (GroupHealth(view: view, reports: reports), views.filter { $0.number <= view.number })
    }
}
