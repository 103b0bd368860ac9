// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What an operation makes of a group: the view before it, the one after it, and, when somebody joins, the one after that.
struct ViewComparison {
    let before: View
    let after: View
    /// With the learner that is being added as a member; nil where nobody is added.
    let joined: View?
    let operation: GroupOperation

    /// Throws `ViewError` when the operation cannot follow that view. Signatures are not asked for.
    init(_ operation: GroupOperation, on view: View) throws(ViewError) {
        self.operation = operation
        before = view
        after = try view.following(operation)
        if case .add(let learner) = operation {
            let rejoin = Rejoin(view: after.number, incarnation: 1)
            joined = after.admitting(rejoin, of: learner.member.id, at: Timestamp(1))
        } else {
            joined = nil
        }
    }

    private var views: [View] { [before, after] + (joined.map { [$0] } ?? []) }

    // MARK: Side by side

    var table: ConsoleTable {
        var titles = ["", "view \(before.number), now", "view \(after.number), then"]
        if let joined { titles.append("view \(joined.number), once it is admitted") }
        var table = ConsoleTable(titles.map { .init($0) })
        for row in rows { table.add([row.name] + row.cells) }
        return table
    }

    private var rows: [(name: String, cells: [String])] {
        let rows: [(String, (View) -> String)] = [
            ("members", { OperationText.list($0.members.map(\.id)) }), ("learners", Self.learners),
            ("n", { "\($0.n)" }), ("f", { "\($0.f)" }), ("fault model", { "\($0.faultModel)" }),
            ("Δ, members to spare", { "\($0.quorum.delta)" }), ("quorum weighs", Self.quorum),
            ("heavy", { OperationText.list($0.members.filter(\.isHeavy).map(\.id).sorted()) }),
            ("leaders in turn", { view in OperationText.list(view.leaderOrder.map { view[$0].id }) }),
            ("tolerates", Self.tolerance),
            ("administrators", { "\($0.administration.needed) of \($0.administration.keys.count)" }),
            ("members can speak", Self.spoken),
        ]
        let changed = GroupSettingsTable.changed(from: before.settings, to: after.settings)
        return rows.map { row in (row.0, views.map(row.1)) }
            + changed.map { ($0.name, [$0.old, $0.new] + (joined == nil ? [] : [$0.new])) } + places
    }

    /// Of those whose key or address changes.
    private var places: [(name: String, cells: [String])] {
        after.audience.compactMap { member in
            guard let former = before.replica(member.id), former.weighted(isHeavy: member.isHeavy) != member else {
                return nil
            }
            let cell = { (it: Member) in
                "\(ForeignText.shown("\(Address(host: it.host, port: it.port))")), key \(it.key.description.prefix(8))…"
            }
            return ("replica \(member.id)", [cell(former), cell(member)])
        }
    }

    private static func learners(_ view: View) -> String {
        guard !view.learners.isEmpty else { return "none" }
        return view.learners.map { learner in
            "\(learner.member.id)" + (learner.replaced.map { " (replaces \($0))" } ?? "")
        }.joined(separator: ", ")
    }

    private static func quorum(_ view: View) -> String {
        let rule = view.quorum
        guard rule.delta > 0 else { return "\(rule.quorumWeight) of \(rule.totalWeight)" }
        return
            "\(rule.quorumWeight) of \(rule.totalWeight) (a heavy member \(rule.heavyWeight), another \(rule.lightWeight))"
    }

    /// Versions of the protocol that all of them have said they can.
    private static func spoken(_ view: View) -> String {
        let all = view.members.map { view.versions(of: $0.id) }
        guard let first = all.first, let common = all.dropFirst().reduce(first, { $0?.limited(to: $1) }) else {
            return "\(view.settings.protocolVersion)"
        }
        return "protocol \(common)"
    }

    private static func tolerance(_ view: View) -> String {
        view.f == 0 ? "nothing" : "\(view.f) faulty \(view.f == 1 ? "member" : "members")"
    }

    // MARK: Warnings

    /// What to think of before it is signed. `absent` are those that do not vote now, as far as is known.
    func warnings(absent: [ReplicaID]) -> [String] {
        var warnings = absences(absent)
        if after.f < before.f {
            warnings.append("the group will tolerate \(after.f) instead of \(before.f) faulty members")
        }
        if before.faultModel == .byzantine, after.faultModel == .crash {
            warnings.append("a member that lies can then have the group answer wrongly: only stopping is tolerated")
        }
        if case .administer(let next) = operation, next.keys.count > 1, next.needed == next.keys.count {
            warnings.append(
                "all \(next.needed) keys will be needed: when one is lost, nobody can change the group any more")
        }
        if case .upgrade(let version) = operation {
            warnings.append(
                "there is no way back: a replica that is started with a program which does not speak version \(version) goes no further, and nor does a newcomer"
            )
        }
        for id in rekeyed {
            warnings.append("replica \(id) has no vote from then on until it is started with its new key")
        }
        return warnings
    }

    private var rekeyed: [ReplicaID] {
        after.members.filter { member in before.replica(member.id).map { $0.key != member.key } ?? false }.map(\.id)
    }

    private func absences(_ absent: [ReplicaID]) -> [String] {
        let missing = after.members.map(\.id).filter { absent.contains($0) || rekeyed.contains($0) }
        guard !missing.isEmpty else { return [] }
        let names = missing.count == 1 ? "replica \(missing[0])" : "replicas \(OperationText.list(missing))"
        let present = ReplicaSet(after.everyone.filter { !missing.contains(after[$0].id) })
        guard after.isQuorum(present) else {
            return [
                "without \(names) the group would stop: the others weigh \(after.weight(of: present)), and a quorum weighs "
                    + "\(after.quorum.quorumWeight)"
            ]
        }
        let isTight = present.contains { one in
            var fewer = present
            fewer.remove(one)
            return !after.isQuorum(fewer)
        }
        return isTight ? ["with \(names) unreachable the group has no member to spare"] : []
    }

    // MARK: JSON

    var json: JSONValue {
        .object(["before": Self.json(before), "after": Self.json(after), "joined": joined.map(Self.json) ?? .null])
    }

    private static func json(_ view: View) -> JSONValue {
        let ids = { (ids: [ReplicaID]) in JSONValue.list(ids.map { .integer(Int($0.rawValue)) }) }
        return .object([
            "view": .integer(Int(clamping: view.number.rawValue)), "members": ids(view.members.map(\.id)),
            "learners": ids(view.learners.map(\.member.id)), "n": .integer(view.n), "f": .integer(view.f),
            "faultModel": .text("\(view.faultModel)"), "delta": .integer(view.quorum.delta),
            "quorumWeight": .integer(Int(clamping: view.quorum.quorumWeight.rawValue)),
            "totalWeight": .integer(Int(clamping: view.quorum.totalWeight.rawValue)),
            "heavy": ids(view.members.filter(\.isHeavy).map(\.id).sorted()),
            "leaders": ids(view.leaderOrder.map { view[$0].id }),
            "administrators": .integer(view.administration.keys.count),
            "administratorsNeeded": .integer(view.administration.needed),
        ])
    }
}

extension View {
    /// What the next operation of the administrators would make of this view, if it was signed as it must be.
    func following(_ operation: GroupOperation) throws(ViewError) -> View {
        let shares = administration.keys.prefix(administration.needed).map {
            AdministratorShare(administrator: $0, signature: .absent)
        }
        return try successor(Reconfiguration(after: self, operation, shares: shares))
    }
}
