// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// How often correct replicas took each branch of a rule that can be seen from outside: kinds of message, reasons,
/// complaints and verdicts.
struct ProtocolBranches {
    private var counts: [String: Int] = [:]
    private var messages = Array(repeating: 0, count: MessageKind.allCases.count)
    /// Whose SYNC was looked at.
    private var settledEpochs: Set<Epoch> = []
    /// Each instance counts once for what all replicas execute alike.
    private var orderedTo = Instance.zero
    /// The highest sequence of each session that was executed.
    private var highestOf: [SessionID: SequenceNumber] = [:]

    mutating func sent(_ kind: MessageKind) { messages[kind.place] += 1 }

    mutating func note(_ notice: Notice) {
        switch notice {
        case .stopSent(_, let reason): count("STOP: \(reason)")
        case .proposalRefused(_, _, let complaint): count("refused: \(complaint)")
        case .misbehaviour(_, let misbehaviour): count("seen: \(misbehaviour)")
        default: return
        }
    }

    func hasSettled(_ epoch: Epoch) -> Bool { settledEpochs.contains(epoch) }

    /// The first SYNC of an epoch that settles something; a liar's second one does not count.
    mutating func settled(_ settlement: NaiveSettlement, in epoch: Epoch) {
        guard settledEpochs.insert(epoch).inserted else { return }
        for (instance, outcome) in settlement.outcomes {
            switch outcome {
            case .bound: count(instance > settlement.base ? Self.boundUnproved : Self.boundProved)
            case .hole: count(Self.hole)
            case .free: count(Self.free)
            }
        }
    }

    mutating func carriedOut(_ order: ExecutionOrder) {
        switch order {
        case .execute(let execution): executed(execution)
        case .executeTentatively: count("tentative: executed")
        case .tellOpened: count(Self.toldOpened)
        default: return
        }
    }

    private mutating func executed(_ execution: Execution) {
        noteSequences(of: execution)
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

    private mutating func noteSequences(of execution: Execution) {
        guard execution.instance > orderedTo else { return }
        orderedTo = execution.instance
        for step in execution.steps where step.verdict == .execute {
            let id = step.request.id
            let highest = highestOf[id.session] ?? id.sequence
            if id.sequence < highest { count(Self.outOfSequence) }
            highestOf[id.session] = max(highest, id.sequence)
        }
    }

    mutating func readAwaited() { count("tentative: read waits for the decision") }

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
        case .accessDenied: "access denied"
        }
    }

    private static let boundUnproved = "settled: bound, decided by no base"
    private static let boundProved = "settled: bound, decided by a base"
    private static let hole = "settled: empty below a bound one"
    private static let free = "settled: claimed, but proposed afresh"
    private static let outOfSequence = "executed after a later one of its session"
    private static let toldOpened = "opening told again"

    private static let names: [String] = {
        let verdicts = [
            "execute", "open", "open, evicting", "repeated", "nothing to execute", "opened before", "session unknown",
            "sequence too old", "opening stale", "access denied", "view follows", "reconfiguration refused",
        ]
        let tentative = ["executed", "read waits for the decision"]
        // What view follows is calculated by the core from its decisions alone: only a core whose own memory is wrong comes
        // to another than a quorum does, and the simulator rots snapshots, not cores. Where one does, a rule is broken.
        let seen = MartletCore.Misbehaviour.allCases.filter { $0 != .conflictingView }
        return StopReason.allCases.map { "STOP: \($0)" } + ProposalComplaint.allCases.map { "refused: \($0)" }
            + seen.map { "seen: \($0)" } + verdicts.map { "verdict: \($0)" }
            + RefusalReason.allCases.map { "refusal: \($0)" }
            + [boundUnproved, boundProved, hole, free, outOfSequence, toldOpened]
            + tentative.map { "tentative: \($0)" }
    }()
}

extension MessageKind {
    /// Its place among all cases.
    var place: Int { Self.places[self] ?? 0 }
    private static let places = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}
