// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes

/// The microbenchmark: an empty service, replicas as separate processes, the load in this one.
struct Benchmark {
    let parameters: BenchmarkParameters
    let directory: String

    /// Founds, starts, measures, and puts away.
    func run(_ say: @escaping @Sendable (String) -> Void) async throws -> BenchmarkResult {
        try await BenchmarkGroup.with(parameters, in: directory, say) { try await measure($0, say) }
    }

    // MARK: Measuring

    private func measure(_ bench: BenchmarkGroup, _ say: @Sendable (String) -> Void) async throws -> BenchmarkResult {
        let load = try await warmLoad(bench, say)
        let group = bench.group
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
        return BenchmarkResult(
            parameters: parameters, record: record, seconds: elapsed / .seconds(1),
            cpuMicroseconds: zip(before, after).map { before, after in before.flatMap { b in after.map { $0 - b } } },
            residentBytes: resident, killedLeader: killed, history: load.history)
    }

    /// Returns once every session has had an answer and the warm-up is over.
    private func warmLoad(_ bench: BenchmarkGroup, _ say: (String) -> Void) async throws -> ClosedLoop {
        say("warming up for \(parameters.warmup) s")
        let sessions = try await bench.openSessions(parameters.clients)
        let load = ClosedLoop(
            sessions: sessions, payloadBytes: parameters.payload, deadline: .seconds(30),
            recording: parameters.isRecorded ? recording(of: sessions.count) : nil)
        try await bench.warm(load)
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
