// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient

/// How the demonstration went.
struct DemonstrationReport: Sendable {
    var steps: [DemonstrationStep] = []
    var seconds = 0.0
    /// Of all of it, for programs.
    var figures: [JSONValue.Member] = []
    /// Why it ended before its end.
    var failure: String?

    var isDone: Bool { failure == nil && steps.allSatisfy(\.isDone) }

    var text: String {
        var table = ConsoleTable([.init("step"), .init("result"), .init("time", .right)])
        for step in steps {
            table.add([step.name, (step.isDone ? "ok  " : "FAILED  ") + step.result, Self.time(step.seconds)])
        }
        table.add(["", isDone ? "ok" : "FAILED", Self.time(seconds)])
        return table.text
    }

    /// Founds a group, starts it and shows something with it. Returns the report, also of a demonstration that failed; leaves
    /// nothing running. `described` says in words what was founded.
    static func of(
        _ say: (String) -> Void, founding: () throws -> LocalGroup, described: String,
        _ show: (LocalGroup, Client, inout DemonstrationReport) async throws -> Void
    ) async -> DemonstrationReport {
        var report = DemonstrationReport()
        let start = ContinuousClock.now
        do {
            let group = try await report.step("found", say) { (try founding(), described, []) }
            try await group.stopping {
                try await report.step("start", say) {
                    try await group.start()
                    return ((), "\(group.processes.count) processes serve, with TLS between them", [])
                }
                try await group.withClient { try await show(group, $0, &report) }
            }
        } catch {
            report.failure = "\(error)"
        }
        report.seconds = (ContinuousClock.now - start) / .seconds(1)
        return report
    }

    /// Does one step and keeps what came of it; an error ends the demonstration.
    mutating func step<Value>(
        _ name: String, _ say: (String) -> Void,
        _ body: () async throws -> (Value, String, [JSONValue.Member])
    ) async throws -> Value {
        let start = ContinuousClock.now
        func seconds() -> Double { (ContinuousClock.now - start) / .seconds(1) }
        do {
            let (value, result, details) = try await body()
            steps.append(
                DemonstrationStep(name: name, isDone: true, seconds: seconds(), result: result, details: details))
            say("\(name): \(result)")
            return value
        } catch {
            // The table has room for one line; what a replica has logged, say, stands above it.
            let lines = "\(error)".split(separator: "\n", maxSplits: 1)
            if lines.count > 1 { say("\(name): FAILED: \(error)") }
            steps.append(
                DemonstrationStep(
                    name: name, isDone: false, seconds: seconds(), result: lines.first.map(String.init) ?? "",
                    details: []))
            throw error
        }
    }

    private static func time(_ seconds: Double) -> String { Rounding.text(seconds, digits: 2) + " s" }

    var json: JSONValue {
        let members: KeyValuePairs<String, JSONValue> = [
            "ok": .boolean(isDone), "seconds": .number(seconds), "steps": .list(steps.map(\.json)),
            "failure": failure.map { .text($0) } ?? .null,
        ]
        return .object(members.map { JSONValue.Member(name: $0.key, value: $0.value) } + figures)
    }
}
