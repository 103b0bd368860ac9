// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// An operation on a group in words: what whoever signs it signs.
struct OperationText {
    private let reconfiguration: Reconfiguration

    init(_ reconfiguration: Reconfiguration) { self.reconfiguration = reconfiguration }

    /// What it asks for, what it follows, and how often it is signed.
    var lines: [String] {
        let count = reconfiguration.shares.count
        return [
            "operation \(reconfiguration.number), made in view \(reconfiguration.view)",
            Self.words(reconfiguration.operation),
        ] + Self.details(reconfiguration.operation).map { "  \($0)" } + [
            "signed by \(count == 0 ? "nobody yet" : count == 1 ? "1 administrator" : "\(count) administrators")"
        ]
    }

    /// In one sentence, without its full stop.
    static func words(_ operation: GroupOperation) -> String {
        switch operation {
        case .arrange: "arrange the group anew"
        case .add(let learner):
            "add replica \(learner.member.id) at \(address(learner.member))"
                + (learner.replaced.map { ", which replaces replica \($0) once it has caught up" } ?? "")
        case .remove(let id): "remove replica \(id)"
        case .tolerate(let model, let f): "tolerate \(f) \(model) \(f == 1 ? "fault" : "faults")"
        case .update(let member): "replica \(member.id) has another key or address"
        case .administer(let administration):
            "from now on \(administration.needed) of \(administration.keys.count) administrators decide"
        case .upgrade(let version): "speak version \(version) of the protocol from now on"
        case .access(let change): AccessText.words(change)
        }
    }

    static func name(_ operation: GroupOperation) -> String {
        switch operation {
        case .arrange: "arrange"
        case .add(let learner): learner.replaced == nil ? "add" : "replace"
        case .remove: "remove"
        case .tolerate: "tolerate"
        case .update: "update"
        case .administer: "administrators"
        case .upgrade: "upgrade"
        case .access(let change): AccessText.name(change)
        }
    }

    /// The rest, one thing a line.
    static func details(_ operation: GroupOperation) -> [String] {
        switch operation {
        case .arrange(let plan):
            return ["leaders in turn: \(list(plan.leaderOrder))", "heavy: \(list(plan.heavy))"]
                + GroupSettingsTable.changed(from: GroupSettings(), to: plan.settings)
                .map { "setting that is not the default: \($0.name) \($0.new)" }
        case .add(let learner): return ["with the key \(learner.member.key)"]
        case .remove, .tolerate, .upgrade: return []
        case .update(let member): return ["its key is \(member.key)", "its address is \(address(member))"]
        case .administer(let administration): return administration.keys.map { "administrator \($0)" }
        case .access(let change): return AccessText.details(change)
        }
    }

    private static func address(_ member: Member) -> String {
        ForeignText.shown("\(Address(host: member.host, port: member.port))")
    }

    static func list(_ ids: some Sequence<ReplicaID>) -> String {
        let text = ids.map(\.description).joined(separator: ",")
        return text.isEmpty ? "none" : text
    }

    // MARK: Signatures

    /// Who has signed it, and whether the signature is one of this operation in that group.
    func signatures(group: Digest) -> [(administrator: PublicKey, isValid: Bool)] {
        reconfiguration.shares.map { share in
            (share.administrator, reconfiguration.isValid(share, group: group, scheme: Ed25519Scheme()))
        }
    }

    func json(group: Digest) -> [JSONValue.Member] {
        let members: KeyValuePairs<String, JSONValue> = [
            "group": .text(group.hexadecimal), "view": .integer(Int(clamping: reconfiguration.view.rawValue)),
            "number": .integer(Int(clamping: reconfiguration.number.rawValue)),
            "operation": .text(Self.name(reconfiguration.operation)),
            "words": .text(Self.words(reconfiguration.operation)),
            "details": .list(Self.details(reconfiguration.operation).map { .text($0) }),
            "signatures": .list(
                signatures(group: group).map {
                    .object(["administrator": .text("\($0.administrator)"), "isValid": .boolean($0.isValid)])
                }),
        ]
        return members.map { JSONValue.Member(name: $0.key, value: $0.value) }
    }
}
