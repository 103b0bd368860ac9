// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// How often correct replicas took each branch of a rule that can be seen from outside: kinds of message, reasons,
/// complaints and verdicts.
struct ProtocolBranches {
    private var counts: [String: Int] = [:]
    private var messages = Array(repeating: 0, count: MessageKind.allCases.count)

    mutating func sent(_ kind: MessageKind) { messages[kind.place] += 1 }

    mutating func note(_ notice: Notice) {
        switch notice {
        case .stopSent(_, let reason): count("STOP: \(reason)")
        case .proposalRefused(_, _, let complaint): count("refused: \(complaint)")
        case .misbehaviour(_, let misbehaviour): count("seen: \(misbehaviour)")
        default: return
        }
    }

    mutating func executed(_ execution: Execution) {
        if execution.steps.isEmpty { count("verdict: nothing to execute") }
        for step in execution.steps {
            switch step.verdict {
            case .execute: count("verdict: execute")
            case .open(_, let evicted): count(evicted.isEmpty ? "verdict: open" : "verdict: open, evicting")
            case .reconfigure(.follows): count("verdict: view follows")
            case .reconfigure(.refused): count("verdict: reconfiguration refused")
            case .repeated: count("verdict: repeated")
            case .refuse(let body): count("verdict: \(Self.name(body))")
            }
        }
    }

    mutating func refused(_ reason: RefusalReason) { count("refusal: \(reason)") }

    /// All there are, those that never occurred with 0.
    var occurrences: [(name: String, count: Int)] {
        MessageKind.allCases.map { ("sent \($0.rawValue)", messages[$0.place]) }
            + Self.names.map { ($0, counts[$0] ?? 0) }
    }

    private mutating func count(_ name: String) { counts[name, default: 0] += 1 }

    private static func name(_ body: ReplyBody) -> String {
        switch body {
        case .result: "result"
        case .opened: "opened before"
        case .sessionUnknown: "session unknown"
        case .sequenceTooOld: "sequence too old"
        case .replyForgotten: "reply forgotten"
        case .openingStale: "opening stale"
        case .reconfigured: "reconfigured"
        }
    }

    private static let names: [String] = {
        let verdicts = [
            "execute", "open", "open, evicting", "repeated", "nothing to execute", "opened before", "session unknown",
            "sequence too old", "opening stale", "view follows", "reconfiguration refused",
        ]
        return StopReason.allCases.map { "STOP: \($0)" } + ProposalComplaint.allCases.map { "refused: \($0)" }
            + MartletCore.Misbehaviour.allCases.map { "seen: \($0)" } + verdicts.map { "verdict: \($0)" }
            + RefusalReason.allCases.map { "refusal: \($0)" }
    }()
}

extension MessageKind {
    /// Its place among all cases.
    var place: Int { Self.places[self] ?? 0 }
    private static let places = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}
