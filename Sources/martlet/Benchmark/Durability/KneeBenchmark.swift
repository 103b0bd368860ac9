// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The knee of a group under open-loop load: the highest rate that it answers in time.
struct KneeBenchmark: Sendable {
    struct Result: Sendable {
        /// The last load that was answered in time, 99 of 100 within the limit; nil when none was.
        let knee: OpenLoop.Trial?
        let trials: [OpenLoop.Trial]

        var rate: Double { knee?.rate ?? 0 }
    }

    static let firstRate = 8_000.0

    /// Of these `payload`, `clients`, `n`, `seconds`, `warmup` and so on are used; calls of a session travel together.
    let parameters: BenchmarkParameters
    /// Of 99 of 100, in milliseconds.
    let latencyMax: Double
    let directory: String

    func run(_ say: @escaping @Sendable (String) -> Void) async throws -> Result {
        try await BenchmarkGroup.with(parameters, in: directory, say) { try await search($0, say) }
    }

    private func search(_ bench: BenchmarkGroup, _ say: @Sendable (String) -> Void) async throws -> Result {
        let sessions = try await bench.openSessions(parameters.clients)
        let payload = Bytes(repeating: 1, count: parameters.payload)
        let warm = ClosedLoop(sessions: sessions, payloadBytes: parameters.payload, deadline: .seconds(30))
        try await bench.warm(warm)
        try await Task.sleep(for: .seconds(parameters.warmup))
        warm.stop()
        var search = KneeSearch(from: Self.firstRate)
        var trials: [OpenLoop.Trial] = []
        var knee: OpenLoop.Trial?
        while let rate = search.rate {
            let load = OpenLoop(sessions: sessions, payload: payload, rate: rate)
            let trial = try await load.run(warmup: .milliseconds(500), measured: .seconds(parameters.seconds))
            let isKept = trial.isKept(latencyMax: latencyMax)
            say("  \(Self.words(trial, isKept))")
            trials.append(trial)
            if isKept, rate > knee?.rate ?? 0 { knee = trial }
            search.note(isKept: isKept)
        }
        return Result(knee: knee, trials: trials)
    }

    private static func words(_ trial: OpenLoop.Trial, _ isKept: Bool) -> String {
        let rate = Rounding.text(trial.rate, digits: 0)
        guard !trial.isOverrun else { return "\(rate) op/s: overrun" }
        let p99 = Rounding.text(trial.record.latency(atPercentile: 99) / 1_000, digits: 1)
        return "\(rate) op/s: p99 \(p99) ms\(isKept ? "" : ", not kept")"
    }
}
