// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes

/// The members' states as a table and as JSON.
struct StatusReport {
    let health: GroupHealth

    var table: ConsoleTable {
        var table = ConsoleTable([
            .init("replica", .right), .init("address"), .init("state"), .init("view", .right), .init("regency", .right),
            .init("leader", .right), .init("executed", .right), .init("lag", .right), .init("pending", .right),
            .init("answered in", .right), .init("version"),
        ])
        for report in health.reports { table.add(cells(for: report)) }
        return table
    }

    /// The table, why members are missing, and what that means.
    var text: String {
        let missing = health.reports.compactMap { report -> String? in
            guard case .unreachable(let reason) = report.answer else { return nil }
            return "replica \(report.member.id) is unreachable: \(reason)"
        }
        // That anyone is served needs no saying.
        let access =
            health.access.flatMap { $0 == AccessTable.open.summary ? nil : $0 }
            .map { ["clients: \(AccessText.words($0))"] } ?? []
        return
            ([table.text, ""] + missing + sights + joining + fetches + damages + access + [health.sentence])
            .joined(separator: "\n")
    }

    /// A line for each replica that others cannot reach.
    private var sights: [String] {
        health.view.audience.compactMap { member in
            let blind = health.sights.filter { $0.replica == member.id && $0.unreachableSeconds != nil }
            guard let longest = blind.compactMap(\.unreachableSeconds).max() else { return nil }
            let witnesses = blind.map(\.witness).sorted()
            return "replica \(member.id) has been out of reach of \(witnesses.count == 1 ? "replica" : "replicas") "
                + "\(OperationText.list(witnesses)) for \(longest) s"
        }
    }

    /// A line for each replica that joins.
    private var joining: [String] {
        health.view.learners.map { learner in
            let place = learner.replaced.map { ", in the place of replica \($0)" } ?? ""
            let lag = health.lag(of: learner).map { $0 == 0 ? ": it has caught up" : ": \($0) instances behind" } ?? ""
            return "replica \(learner.member.id) joins the group\(place)\(lag)"
        }
    }

    private func isJoining(_ id: ReplicaID) -> Bool { health.view.index(of: id) == nil }

    /// A line for each member that fetches a state from the others.
    private var fetches: [String] {
        health.reports.compactMap { report in
            guard let fetching = report.status?.fetching else { return nil }
            let head = "replica \(report.member.id) fetches the state after instance \(fetching.instance)"
            guard fetching.bytesTotal > 0 else { return head }
            let percent = Rounding.text(100 * Double(fetching.bytesHeld) / Double(fetching.bytesTotal), digits: 0)
            let left = fetching.secondsLeft.map { ", about \($0) s to go" } ?? ""
            return "\(head): \(percent) % of \(fetching.bytesTotal) bytes\(left)"
        }
    }

    /// A line for each member that has found its disk damaged.
    private var damages: [String] {
        health.reports.compactMap { report in
            guard let status = report.status, status.damagesFound > 0 else { return nil }
            let places = status.damagesFound == 1 ? "1 place" : "\(status.damagesFound) places"
            let end =
                status.isDamaged
                ? "not all is mended yet, and a restart before it is may cost its vote for a while" : "all is mended"
            return "replica \(report.member.id) has found its disk damaged in \(places): \(end)"
        }
    }

    private func cells(for report: MemberReport) -> [String] {
        let member = report.member
        let head = ["\(member.id)", "\(Address(host: member.host, port: member.port))"]
        switch report.answer {
        case .unreachable:
            return head + ["unreachable"]
        case .value(let status, let roundTrip):
            let milliseconds = Double(roundTrip.nanoseconds) / 1e6
            return head + [
                isJoining(member.id) ? "joining" : Self.state(of: status), "\(status.epoch.view)",
                "\(status.epoch.regency)", "\(status.leader)",
                "\(status.executed)", "\(health.lag(of: status))", "\(status.pendingRequests)",
                Rounding.text(milliseconds, digits: 1) + " ms", status.softwareVersion,
            ]
        }
    }

    private static func state(of status: ReplicaStatus) -> String {
        switch status.mode {
        case .learner: "learner"
        case .voter: status.isSynced ? "voter" : "changing leader"
        }
    }

    // MARK: JSON

    var json: JSONValue {
        .object([
            "ok": .boolean(health.isServing), "group": .text(health.view.group.hexadecimal),
            "answering": .integer(health.answering.count), "members": .integer(health.view.n),
            "leader": health.leader.map { .integer(Int($0.rawValue)) } ?? .null,
            "regency": health.epoch.map { Self.integer($0.regency) } ?? .null,
            "clients": health.access.map(AccessText.json) ?? .null,
            "replicas": .list(health.reports.map(json)), "learners": .list(health.view.learners.map(json)),
        ])
    }

    private func json(_ report: MemberReport) -> JSONValue {
        let member = report.member
        let head: [JSONValue.Member] = [
            .init(name: "id", value: .integer(Int(member.id.rawValue))),
            .init(name: "address", value: .text("\(Address(host: member.host, port: member.port))")),
            .init(name: "reachable", value: .boolean(report.status != nil)),
        ]
        switch report.answer {
        case .unreachable(let reason):
            return .object(head + [.init(name: "reason", value: .text(reason))] + membership(of: member))
        case .value(let status, let roundTrip):
            return .object(head + details(of: status, roundTrip) + membership(of: member))
        }
    }

    private func membership(of member: Member) -> [JSONValue.Member] {
        [
            .init(name: "isMember", value: .boolean(!isJoining(member.id))),
            .init(
                name: "unreachableFrom",
                value: .list(
                    health.sights.filter { $0.replica == member.id }.compactMap { sight in
                        sight.unreachableSeconds.map {
                            .object(["replica": .integer(Int(sight.witness.rawValue)), "seconds": .integer(Int($0))])
                        }
                    })),
        ]
    }

    private func details(of status: ReplicaStatus, _ roundTrip: Interval) -> [JSONValue.Member] {
        let values: KeyValuePairs<String, JSONValue> = [
            "mode": .text(status.mode == .voter ? "voter" : "learner"), "view": Self.integer(status.epoch.view),
            "regency": Self.integer(status.epoch.regency), "isSynced": .boolean(status.isSynced),
            "leader": .integer(Int(status.leader.rawValue)), "decided": Self.integer(status.decided),
            "executed": Self.integer(status.executed), "lag": .integer(health.lag(of: status)),
            "stableCheckpoint": Self.integer(status.stableCheckpoint),
            "pendingRequests": .integer(Int(status.pendingRequests)),
            "roundTripMicroseconds": .integer(Int(clamping: roundTrip.nanoseconds / 1000)),
            "version": .text(status.softwareVersion), "damagesFound": .integer(Int(status.damagesFound)),
            "isDamaged": .boolean(status.isDamaged), "fetching": status.fetching.map(json) ?? .null,
        ]
        return values.map { JSONValue.Member(name: $0.key, value: $0.value) }
    }

    private func json(_ learner: Learner) -> JSONValue {
        .object([
            "id": .integer(Int(learner.member.id.rawValue)),
            "replaces": learner.replaced.map { .integer(Int($0.rawValue)) } ?? .null,
            "lag": health.lag(of: learner).map { .integer($0) } ?? .null,
        ])
    }

    private func json(_ fetching: FetchingStatus) -> JSONValue {
        .object([
            "instance": Self.integer(fetching.instance), "bytesHeld": .integer(Int(clamping: fetching.bytesHeld)),
            "bytesTotal": .integer(Int(clamping: fetching.bytesTotal)),
            "secondsLeft": fetching.secondsLeft.map { .integer(Int($0)) } ?? .null,
        ])
    }

    private static func integer(_ number: some DistinctNumber) -> JSONValue { .integer(Int(clamping: number.rawValue)) }
}
