// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// How the demonstration went.
struct DemonstrationReport: Sendable {
    var steps: [DemonstrationStep] = []
    var seconds = 0.0
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
            steps.append(
                DemonstrationStep(name: name, isDone: false, seconds: seconds(), result: "\(error)", details: []))
            throw error
        }
    }

    private static func time(_ seconds: Double) -> String { Rounding.text(seconds, digits: 2) + " s" }

    var json: JSONValue {
        .object([
            "ok": .boolean(isDone), "seconds": .number(seconds), "steps": .list(steps.map(\.json)),
            "failure": failure.map { .text($0) } ?? .null,
        ])
    }
}
