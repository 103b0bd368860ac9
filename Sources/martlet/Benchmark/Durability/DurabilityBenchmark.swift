// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What it costs that nothing is lost: a group that writes down what it votes for beside one that does not, round by round, under closed-
/// and open-loop load, with the time that the disk needs for a sync.
struct DurabilityBenchmark: Sendable {
    let parameters: BenchmarkParameters
    let rounds: Int
    /// Of 99 of 100 operations at the knee, in milliseconds.
    let latencyMax: Double
    /// So long each load of the search for the knee is measured.
    let kneeSeconds: Int

    /// `directory` names where the group of each run is kept while it lasts: the disk that counts.
    func run(
        directory: (String) -> ScratchDirectory, _ say: @escaping @Sendable (String) -> Void
    ) async throws -> DurabilityReport {
        var found: [DurabilityReport.Round] = []
        for number in 1...rounds {
            say("round \(number) of \(rounds): the disk")
            let sync = try await within(directory) { try await SyncBenchmark(logs: parameters.n, directory: $0).run() }
            // The other one first each time: what runs first finds a cooler machine.
            let isFirstDurable = number % 2 == 0
            var sides: [Bool: DurabilityReport.Side] = [:]
            for isDurable in [isFirstDurable, !isFirstDurable] {
                sides[isDurable] = try await side(isDurable, number, directory, say)
            }
            guard let memory = sides[false], let durable = sides[true] else { continue }
            found.append(.init(syncMicroseconds: sync, memory: memory, durable: durable))
        }
        return DurabilityReport(
            sentence: parameters.sentence, clients: parameters.clients, latencyMax: latencyMax, rounds: found)
    }

    private func side(
        _ isDurable: Bool, _ round: Int, _ directory: (String) -> ScratchDirectory,
        _ say: @escaping @Sendable (String) -> Void
    ) async throws -> DurabilityReport.Side {
        say("round \(round) of \(rounds): \(isDurable ? "durable" : "memory")")
        var parameters = parameters
        parameters.isDurable = isDurable
        let closed = try await within(directory) {
            try await Benchmark(parameters: parameters, directory: $0).run { _ in }
        }
        say("  \(parameters.clients) clients: \(Rounding.text(closed.throughput, digits: 0)) op/s")
        parameters.seconds = kneeSeconds
        let knee = try await within(directory) {
            try await KneeBenchmark(parameters: parameters, latencyMax: latencyMax, directory: $0).run(say)
        }
        return .init(
            throughput: closed.throughput, p50: closed.record.latency(atPercentile: 50), knee: knee.rate,
            kneeP99: knee.knee?.record.latency(atPercentile: 99) ?? 0)
    }

    private func within<Value>(
        _ directory: (String) -> ScratchDirectory, _ body: (String) async throws -> Value
    ) async throws -> Value {
        let place = directory("durability")
        defer { place.removeIfTemporary() }
        return try await body(place.path)
    }
}
