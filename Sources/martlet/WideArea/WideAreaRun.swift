// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletClient
import MartletCore
import MartletSimulation
import MartletTypes

/// Runs a scenario with processes: the replicas, one for each client, and a relay between them all that makes the links
/// long. Everything is on this machine; nobody knows of it but the addresses that are dialled.
struct WideAreaRun: Sendable {
    let scenario: Scenario
    let directory: String
    /// A martlet program; by default this one.
    let executable: String?
    /// Told what happens.
    let tell: @Sendable (String) -> Void

    /// How long processes may take to be there, and clients to end after their time.
    private static let patience = Duration.seconds(40)

    func run() async throws -> (result: TrialResult, relay: [Int]?) {
        if let complaint = WideAreaLinks(scenario: scenario).complaint { throw CommandFailure(complaint) }
        let record = WideAreaRecord(clients: scenario.clients.count)
        let group = try found(record)
        let file = group.directory.path + "/scenario.yaml"
        try write(ScenarioFile.text(of: scenario), to: file)
        let relay = relay(of: group, file, record)
        try await relay.start()
        let clients: [ChildProcess]
        do {
            try await wait("the relay is not ready") { record.isRelayReady }
            for replica in 0..<scenario.n { try configure(replica, of: group, record) }
            try await group.start()
            clients = (0..<scenario.clients.count).map { client($0, of: group, file, record) }
        } catch {
            await group.stop()
            await relay.stop()
            throw error
        }
        do {
            for client in clients { try await client.start() }
            try await wait("not all clients are connected") { record.readyClients == clients.count }
            tell("all are connected")
            try await work(group, relay, clients, record)
        } catch {
            record.remarks.forEach(tell)
            for client in clients { await client.kill() }
            await group.stop()
            await relay.stop()
            throw error
        }
        record.remarks.forEach(tell)
        relay.tell("counts")
        try await wait("the relay does not answer") { record.relayCounts != nil }
        await group.stop()
        await relay.stop()
        return (record.result, record.relayCounts)
    }

    // MARK: - Starting

    private func found(_ record: WideAreaRecord) throws -> LocalGroup {
        let rule = QuorumRule(faultModel: scenario.faultModel, n: scenario.n, f: scenario.f)
        let heavy = scenario.heavy.isEmpty ? Array((0..<scenario.n).prefix(rule.heavyCount)) : scenario.heavy
        return try LocalGroup(
            in: directory, name: "wan", replicas: scenario.n, faultModel: scenario.faultModel, f: scenario.f,
            settings: scenario.settings, leaders: scenario.leaders.isEmpty ? nil : scenario.leaders, heavy: heavy,
            executable: executable, arguments: ["--log-level", "trace"], onLine: { _, line in record.replicaSaid(line) }
        )
    }

    private func relay(of group: LocalGroup, _ file: String, _ record: WideAreaRecord) -> ChildProcess {
        let ports = group.genesis.members.sorted { $0.id < $1.id }.map { "\($0.port)" }.joined(separator: ",")
        return ChildProcess(
            "the relay", executable: program, arguments: ["wan-relay", "--scenario", file, "--ports", ports]
        ) { record.relaySaid($0) }
    }

    private func client(
        _ client: Int, of group: LocalGroup, _ file: String, _ record: WideAreaRecord
    ) -> ChildProcess {
        let ports = (0..<scenario.n).map { "\(record.port(from: scenario.n + client, to: $0) ?? 0)" }
        return ChildProcess(
            "client \(client)", executable: program,
            arguments: [
                "wan-client", "--scenario", file, "--client", "\(client)", "--group", group.directory.path, "--ports",
                ports.joined(separator: ","),
            ]
        ) { record.client(client, said: $0) }
    }

    private var program: String { executable ?? Bundle.main.executablePath ?? CommandLine.arguments[0] }

    /// Where the replica dials the others, and what a wide area takes.
    private func configure(_ replica: Int, of group: LocalGroup, _ record: WideAreaRecord) throws {
        let path = group.directory.home(of: ReplicaID(UInt16(replica))) + "/replica.yaml"
        var lines = ["dial:"]
        for other in 0..<scenario.n where other != replica {
            guard let port = record.port(from: replica, to: other) else {
                throw CommandFailure("the relay has no port from replica \(replica) to \(other)")
            }
            lines.append("  - {replica: \(other), address: \"127.0.0.1:\(port)\"}")
        }
        let milliseconds = { (interval: Interval) in max(1, interval.nanoseconds / 1_000_000) }
        lines += [
            "limits:", "  requestMillisecondsMin: \(milliseconds(scenario.timeouts.requestMin))",
            "  requestMillisecondsMax: \(milliseconds(scenario.timeouts.requestMax))",
        ]
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try write(text + lines.joined(separator: "\n") + "\n", to: path)
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path))
        } catch {
            throw CommandFailure("the file \(path) cannot be written: \(FileFailure(error))")
        }
    }

    private func wait(_ complaint: String, until isSo: () -> Bool) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while !isSo() {
            guard ContinuousClock.now < deadline else { throw CommandFailure(complaint) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: - At work

    private func work(
        _ group: LocalGroup, _ relay: ChildProcess, _ clients: [ChildProcess], _ record: WideAreaRecord
    ) async throws {
        let begin = ContinuousClock.now
        record.begin()
        relay.tell("begin")
        for client in clients { client.tell("go") }
        let until = scenario.clientsUntil.since(.zero).duration + Self.patience
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await waitForAll(clients, record) }
            tasks.addTask {
                try await Task.sleep(for: until)
                throw CommandFailure("the clients do not end in time")
            }
            for fault in scenario.replicaFaults {
                tasks.addTask {
                    try await strike(fault, group, begin)
                    // Only the clients' end, or its failing, ends the work.
                    try await Task.sleep(for: until)
                }
            }
            try await tasks.next()
            tasks.cancelAll()
        }
        let probe = try group.probe()
        let regencies = await probe.run(within: .seconds(1)).compactMap(\.status).map(\.epoch.regency.rawValue)
        record.note(views: probe.views)
        record.noteLeaderChanges(Int(clamping: (regencies.max() ?? 1) - 1))
    }

    private func waitForAll(_ clients: [ChildProcess], _ record: WideAreaRecord) async throws {
        for client in clients {
            let ending = await client.waitUntilEnded()
            try Task.checkCancellation()
            if let ending, ending != .exited(0) { record.note(violation: "\(client.name) \(ending)") }
        }
    }

    private func strike(
        _ fault: ReplicaFault, _ group: LocalGroup, _ begin: ContinuousClock.Instant
    ) async throws {
        guard let process = group.process(ReplicaID(UInt16(fault.replica))) else { return }
        try await Task.sleep(until: begin + fault.at.since(.zero).duration, clock: .continuous)
        switch fault.kind {
        case .crash(let restartAt):
            tell("replica \(fault.replica) is killed")
            await process.kill()
            guard let restartAt else { return }
            try await Task.sleep(until: begin + restartAt.since(.zero).duration, clock: .continuous)
            tell("replica \(fault.replica) is started again")
            try await process.start()
        case .pause(let until):
            tell("replica \(fault.replica) stands still")
            process.pause()
            defer { process.goOn() }
            try await Task.sleep(until: begin + until.since(.zero).duration, clock: .continuous)
        case .rot, .powerLoss, .diskFull, .diskStall, .diskSlow, .diskDamage, .diskLoss: return
        }
    }
}
