// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// One aligned line per event, for a person to follow; nothing at all where nobody reads it.
struct Trace {
    private let write: ((String) -> Void)?

    init(_ write: ((String) -> Void)?) { self.write = write }

    var isOn: Bool { write != nil }

    func line(_ now: Instant, _ who: @autoclosure () -> String, _ verb: String, _ what: @autoclosure () -> String) {
        guard let write else { return }
        let time = String(now.rawValue / 1_000)
        let padding = String(repeating: " ", count: max(0, 9 - time.count))
        write("\(padding)\(time) µs  \(Self.pad(who(), 4)) \(Self.pad(verb, 9)) \(what())")
    }

    func sent(_ send: Send, by replica: Int, at now: Instant) {
        line(now, "r\(replica)", "→ \(Self.text(send.destination))", TraceText.text(send.message))
    }

    func sent(_ message: ClientMessage, by client: Int, to replica: ReplicaID, at now: Instant) {
        line(now, "c\(client)", "→ r\(replica)", TraceText.text(message))
    }

    func sent(_ message: ReplicaToClientMessage, by replica: Int, to client: Int, at now: Instant) {
        line(now, "r\(replica)", "→ c\(client)", TraceText.text(message))
    }

    func executed(_ execution: Execution, by replica: Int, at now: Instant) {
        let steps = execution.steps.map { "\($0.request.id) \(TraceText.text($0.verdict))" }
        line(
            now, "r\(replica)", "executes",
            "i\(execution.instance): \(steps.isEmpty ? "nothing" : steps.joined(separator: ", "))")
    }

    private static func text(_ destination: Destination) -> String {
        switch destination {
        case .everyone: "all"
        case .others: "others"
        case .replica(let id): "r\(id)"
        }
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
