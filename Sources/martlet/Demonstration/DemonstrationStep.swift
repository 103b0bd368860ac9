// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// One thing that the demonstration showed.
struct DemonstrationStep: Sendable {
    let name: String
    var isDone: Bool
    let seconds: Double
    /// For people.
    let result: String
    /// For programs.
    let details: [JSONValue.Member]

    var json: JSONValue {
        .object(
            [
                .init(name: "name", value: .text(name)), .init(name: "ok", value: .boolean(isDone)),
                .init(name: "seconds", value: .number(seconds)), .init(name: "result", value: .text(result)),
            ] + details)
    }
}
