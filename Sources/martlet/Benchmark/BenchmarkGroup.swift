// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletClient
import MartletCrypto
import MartletTransport
import MartletTypes

/// A group whose replicas are separate processes, and clients of it in this one, for as long as something is measured.
struct BenchmarkGroup: Sendable {
    /// So many clients with connections of their own begin at once: handshakes cost more than operations.
    private static let clientsAtOnce = 32

    let group: LocalGroup
    let clients: [Client]

    /// Founds a group as the parameters say, starts it, and puts all of it away after `body`, whatever came of that.
    static func with<Value>(
        _ parameters: BenchmarkParameters, in directory: String, _ say: @escaping @Sendable (String) -> Void,
        _ body: (BenchmarkGroup) async throws -> Value
    ) async throws -> Value {
        let group = try LocalGroup(
            in: directory, name: "bench", replicas: parameters.n, faultModel: parameters.faultModel,
            f: parameters.f, settings: parameters.settings, security: parameters.security,
            arguments: parameters.replicaArguments,
            onLine: { replica, line in if parameters.tellsLog { say("  \(replica): \(line)") } })
        let loops = EventLoops(threadCount: 1)
        let outcome: Result<Value, any Error>
        do {
            outcome = .success(
                try await group.stopping {
                    say("starting \(parameters.n) replicas")
                    try await group.start()
                    return try await use(group, try makeClients(of: group, parameters, loops), body)
                })
        } catch {
            outcome = .failure(error)
        }
        await loops.shutDown()
        return try outcome.get()
    }

    private static func use<Value>(
        _ group: LocalGroup, _ clients: [Client], _ body: (BenchmarkGroup) async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body(BenchmarkGroup(group: group, clients: clients))
            await close(clients)
            return value
        } catch {
            await close(clients)
            throw error
        }
    }

    private static func makeClients(
        of group: LocalGroup, _ parameters: BenchmarkParameters, _ loops: EventLoops
    ) throws -> [Client] {
        try (0..<(parameters.connections)).map { place in
            let key = place == 0 ? group.clientKey : SigningKey()
            var configuration = ClientConfiguration(
                genesis: group.genesis, key: key, logger: ConsoleLogHandler.logger("client", level: .error))
            configuration.eventLoop = loops.next()
            configuration.transport = group.transport
            configuration.signsRequests = parameters.signs
            configuration.seed = UInt64(place)
            return try Client(configuration)
        }
    }

    private static func close(_ clients: [Client]) async {
        await withTaskGroup { group in
            for client in clients { group.addTask { await client.close() } }
        }
    }

    /// Starts the clients, and opens so many sessions, the same number with each of them.
    func openSessions(_ count: Int) async throws -> [ClientSession] {
        for place in clients.indices {
            clients[place].start()
            if place % Self.clientsAtOnce == Self.clientsAtOnce - 1 { try await Task.sleep(for: .milliseconds(100)) }
        }
        return try (0..<count).map { try clients[$0 % clients.count].openSession() }
    }

    /// Starts the load, and returns once every session has had an answer.
    func warm(_ load: ClosedLoop) async throws {
        load.start()
        let limit = ContinuousClock.now + .seconds(60)
        while !load.isWarm {
            guard ContinuousClock.now < limit else {
                throw CommandFailure("the group does not answer all \(load.sessionCount) clients")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

extension BenchmarkParameters {
    fileprivate var settings: GroupSettings {
        var settings = GroupSettings()
        settings.isDurable = isDurable
        if let window { settings.window = window }
        if let share = measuringPermille { settings.measuringPermille = share }
        if let checkpointPeriod { settings.checkpointPeriod = checkpointPeriod }
        return settings
    }

    fileprivate var replicaArguments: [String] {
        ["--service", isKeyed ? "kv" : "null", "--reply", "\(reply)", "--log-level", "notice"]
            + (security == .tls ? [] : ["--insecure-plaintext"])
    }
}
