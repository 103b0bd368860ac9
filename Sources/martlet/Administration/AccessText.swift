// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Whom a group serves, and what operations make of that, in words.
enum AccessText {
    static func words(_ summary: AccessSummary) -> String {
        let expelled = summary.expelled == 0 ? "" : ", \(summary.expelled) expelled"
        switch summary.policy {
        case .open:
            return "open to anyone with a key" + (summary.admitted == 0 ? "" : ", \(summary.admitted) admitted by name")
                + expelled
        case .listed: return "only those on the list, and administrators: \(summary.admitted) admitted" + expelled
        }
    }

    static func json(_ summary: AccessSummary) -> JSONValue {
        .object([
            "access": .text(name(summary.policy)), "admitted": .integer(Int(summary.admitted)),
            "expelled": .integer(Int(summary.expelled)),
        ])
    }

    static func name(_ policy: AccessTable.Policy) -> String {
        switch policy {
        case .open: "open"
        case .listed: "listed"
        }
    }

    // MARK: Operations

    static func words(_ change: AccessChange) -> String {
        switch change {
        case .policy(.open): "serve anyone with a key that is not expelled"
        case .policy(.listed): "serve only clients that are admitted by name, and administrators"
        case .admit(let grants): "admit \(count(grants.count))"
        case .expel(let clients): "expel \(count(clients.count))"
        case .forget(let clients): "take \(count(clients.count)) off the list"
        case .replace: "a client has another key"
        }
    }

    static func name(_ change: AccessChange) -> String {
        switch change {
        case .policy: "access"
        case .admit: "client add"
        case .expel: "client expel"
        case .forget: "client remove"
        case .replace: "client replace"
        }
    }

    static func details(_ change: AccessChange) -> [String] {
        switch change {
        case .policy: []
        case .admit(let grants): grants.map { "client \($0.client.key)\(words($0.limits))" }
        case .expel(let clients), .forget(let clients): clients.map { "client \($0.key)" }
        case .replace(let former, let client): ["its key was \(former.key)", "its key is \(client.key)"]
        }
    }

    /// What to think of before it is signed. `now`: whom the group serves at present, as far as is known.
    static func warnings(_ change: AccessChange, now: AccessSummary?) -> [String] {
        switch change {
        case .policy(.listed):
            let admitted = now.map { Int($0.admitted) }
            return [
                admitted == 0
                    ? "nobody is admitted by name: the group will serve no client but its administrators"
                    : "clients that are not admitted by name\(admitted.map { " (\($0) are)" } ?? "") lose their sessions"
            ]
        case .policy(.open): return ["anyone with a key can then be a client, but those that are expelled"]
        case .admit: return []
        case .expel:
            return ["their sessions end: what they have under way may be done or not, and they are not told which"]
        case .forget:
            guard now?.policy == .open else {
                return ["those of them that were admitted are served no longer, and their sessions end"]
            }
            return [
                "the group is open: it serves them, also those that had been expelled; to shut them out: martlet admin client expel"
            ]
        case .replace: return ["the old key is served no longer, and its sessions end: the client opens others"]
        }
    }

    private static func count(_ count: Int) -> String { count == 1 ? "1 client" : "\(count) clients" }

    private static func words(_ limits: ClientLimits) -> String {
        let parts = [
            (limits.sessionsMax, "sessions"), (limits.batchRequestsMax, "requests of a batch"),
            (limits.batchBytesMax, "bytes of a batch"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return parts.isEmpty ? "" : ": at most " + parts.joined(separator: ", ")
    }
}
