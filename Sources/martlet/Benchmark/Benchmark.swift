// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import MartletClient
import MartletCrypto
import MartletTransport
import MartletTypes

/// The microbenchmark: an empty service, replicas as separate processes, the load in this one.
struct Benchmark {
    /// So many clients with connections of their own begin at once: handshakes cost more than operations.
    private static let clientsAtOnce = 32

    let parameters: BenchmarkParameters
    let directory: String

    /// Founds, starts, measures, and puts away.
    func run(_ say: @escaping @Sendable (String) -> Void) async throws -> BenchmarkResult {
        let group = try LocalGroup(
            in: directory, name: "bench", replicas: parameters.n, faultModel: parameters.faultModel,
            f: parameters.f, settings: settings, security: parameters.security, arguments: replicaArguments,
            onLine: { replica, line in if parameters.tellsLog { say("  \(replica): \(line)") } })
        let loops = EventLoops(threadCount: 1)
        do {
            say("starting \(parameters.n) replicas")
            try await group.start()
            let clients = try makeClients(of: group, loops)
            let result: BenchmarkResult
            do {
                result = try await measure(group, clients, say)
            } catch {
                await close(clients)
                throw error
            }
            await close(clients)
            await group.stop()
            await loops.shutDown()
            return result
        } catch {
            await group.stop()
            await loops.shutDown()
            throw error
        }
    }

    // MARK: The group and its clients

    private var settings: GroupSettings {
        var settings = GroupSettings()
        settings.isDurable = parameters.isDurable
        if let window = parameters.window { settings.window = window }
        if let share = parameters.measuringPermille { settings.measuringPermille = share }
        return settings
    }

    private var replicaArguments: [String] {
        ["--service", parameters.isRecorded ? "kv" : "null", "--reply", "\(parameters.reply)", "--log-level", "notice"]
            + (parameters.security == .tls ? [] : ["--insecure-plaintext"])
    }

    private func makeClients(of group: LocalGroup, _ loops: EventLoops) throws -> [Client] {
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

    private func close(_ clients: [Client]) async {
        await withTaskGroup { group in
            for client in clients { group.addTask { await client.close() } }
        }
    }

    // MARK: Measuring

    private func measure(
        _ group: LocalGroup, _ clients: [Client], _ say: @Sendable (String) -> Void
    ) async throws -> BenchmarkResult {
        let load = try await warmLoad(clients, say)
        let processes = [getpid()] + group.processes.compactMap(\.processIdentifier)
        say("measuring for \(parameters.seconds) s")
        let before = processes.map(ProcessUsage.cpuMicroseconds)
        let start = ContinuousClock.now
        _ = load.cut()
        try await Task.sleep(until: start + .milliseconds(parameters.seconds * 500))
        let killed = parameters.killsLeader ? try await killLeader(of: group, say) : nil
        try await Task.sleep(until: start + .seconds(parameters.seconds))
        let record = load.cut()
        let elapsed = ContinuousClock.now - start
        let after = processes.map(ProcessUsage.cpuMicroseconds)
        let resident = processes.dropFirst().compactMap(ProcessUsage.residentBytes)
        load.stop()
        let history = load.history
        return BenchmarkResult(
            parameters: parameters, record: record, seconds: elapsed / .seconds(1),
            cpuMicroseconds: zip(before, after).map { before, after in before.flatMap { b in after.map { $0 - b } } },
            residentBytes: resident, killedLeader: killed, history: history)
    }

    /// Returns once every session has had an answer and the warm-up is over.
    private func warmLoad(_ clients: [Client], _ say: (String) -> Void) async throws -> ClosedLoop {
        say("warming up for \(parameters.warmup) s")
        for place in clients.indices {
            clients[place].start()
            if place % Self.clientsAtOnce == Self.clientsAtOnce - 1 { try await Task.sleep(for: .milliseconds(100)) }
        }
        let sessions = try (0..<parameters.clients).map { try clients[$0 % clients.count].openSession() }
        let load = ClosedLoop(
            sessions: sessions, payloadBytes: parameters.payload, deadline: .seconds(30),
            recording: parameters.isRecorded ? recording(of: sessions.count) : nil)
        load.start()
        let limit = ContinuousClock.now + .seconds(60)
        while !load.isWarm {
            guard ContinuousClock.now < limit else {
                throw CommandFailure("the group does not answer all \(parameters.clients) clients")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        try await Task.sleep(for: .seconds(parameters.warmup))
        return load
    }

    /// Several sessions meet at each key, but not so many that nobody could judge the history.
    private func recording(of sessions: Int) -> LoadRecording {
        LoadRecording(sessions: sessions, mix: .init(keys: min(256, max(4, sessions))))
    }

    private func killLeader(of group: LocalGroup, _ say: (String) -> Void) async throws -> ReplicaID {
        let leader = try await group.leader()
        say("killing replica \(leader), the leader")
        await group.process(leader)?.kill()
        return leader
    }
}
