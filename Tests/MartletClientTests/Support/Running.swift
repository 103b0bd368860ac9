// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletCrypto
import MartletTypes
import Testing

/// Runs `body` with a group of which some replicas are up, and a started client; stops both afterwards.
func withClient(
    up places: some Sequence<Int> & Sendable, count: Int = 4, settings: GroupSettings = GroupSettings(),
    log: CollectedLog = CollectedLog(), configure: (inout ClientConfiguration) -> Void = { _ in },
    _ body: (FakeGroup, Client) async throws -> Void
) async throws {
    let group = try await FakeGroup(settings: settings, count: count)
    try await group.start(places)
    var configuration = ClientConfiguration(genesis: group.genesis, key: SigningKey(), logger: log.logger)
    configure(&configuration)
    let client = try Client(configuration)
    client.start()
    do {
        try await body(group, client)
    } catch {
        await client.close()
        await group.stopAll()
        throw error
    }
    await client.close()
    await group.stopAll()
}

/// Waits until it is so, at most ten seconds.
func waitUntil(_ isSo: () -> Bool) async throws -> Bool {
    for _ in 0..<1_000 {
        if isSo() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}
