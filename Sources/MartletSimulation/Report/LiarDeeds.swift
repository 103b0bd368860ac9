// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What exactly liars did, for the coverage: each deed that there is, and mutations by kind of message and by kind of change.
package enum LiarDeeds {
    /// All there are, those that never occurred with 0.
    static func occurrences(of liars: [LiarState]) -> [(name: String, count: Int)] {
        var counts: [String: Int] = [:]
        for liar in liars {
            // any order: sums
            for (detail, count) in liar.context.details {
                for name in names(of: detail) { counts[name, default: 0] += count }
            }
        }
        return names.map { ($0, counts[$0] ?? 0) }
    }

    /// Under what names a deed counts.
    package static func names(of detail: LiarDetail) -> [String] {
        switch detail.deed {
        case .mutation(let kind, let mutation):
            ["lie: \(kind.rawValue) mutated", "lie: mutation, \(mutation.rawValue)"]
        case .named(let name): ["lie: \(name)"]
        }
    }

    package static let names: [String] = {
        let mutable = MessageKind.allCases.filter { $0 != .request && $0 != .read }
        return mutable.map { "lie: \($0.rawValue) mutated" } + Mutation.allCases.map { "lie: mutation, \($0.rawValue)" }
            + named.map { "lie: \($0)" }
    }()

    private static let named = [
        "twin: speaks", "twin: contradicts the other",
        "progress: false", "asks: all decisions", "asks: decisions far ahead", "asks: checkpoint",
        "asks: unknown batch", "asks: help with everything", "STOP: without a reason", "votes: WRITE ahead",
        "votes: ACCEPT of the next regency",
        "vouches: other digests", "vouches: names not used yet", "asks: requests twice", "forwards: altered bodies",
        "forwards: another's proof",
        "collusion: claims", "collusion: the other batch handed on", "collusion: two proposals",
        "collusion: forged proposal", "collusion: two SYNCs", "collusion: vote for each side", "collusion: votes ahead",
        "collusion: wrong state", "collusion: wrong result", "collusion: wrong answer to a read",
        "transfer: unasked", "transfer: boast", "transfer: has an old state kept",
        "offer: stale", "offer: another instance", "offer: of one signer", "offer: none",
        "manifest: a digest changed", "manifest: cut in half", "manifest: other counts", "manifest: stale",
        "manifest: none",
        "chunk: a byte changed", "chunk: another place", "chunk: a byte more", "chunk: stale", "chunk: none",
        "chunk: always the same",
        "decisions: without bodies", "decisions: backwards", "decisions: with a gap", "decisions: stale",
        "decisions: one only", "decisions: another's certificate", "decisions: one signer twice for two",
        "decisions: none", "decisions: always none",
        "batch: without bodies", "batch: bodies in another order", "batch: none",
        "delay: leading", "delay: following",
        "batches padded beyond the limit", "batches padded up to the limit",
        "vote of another view", "invented INSTALL", "proposal beyond one that stands alone",
        "many long proposals of the next view", "INSTALL of another view", "INSTALL after another instance",
        "forged VIEWS",
        "removed: votes of the view that it was in", "removed: INSTALL of another view",
        "removed: votes of the newest view", "removed: STOP and STOPDATA", "removed: CHECKPOINT", "removed: REJOIN",
        "removed: asks for everything", "outcasts' requests proposed",
        "REJOIN with a new number", "REJOIN with a number of before",
        "response late", "response left out", "response twice", "response with another digest", "response to nothing",
        "response replayed", "response to another's challenge", "flood of challenges", "report too low",
        "report too high", "report malformed", "another report for each", "report that all are late", "report replayed",
    ]
}
