// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// What an administrator has to do: give weights and leaders, or have somebody come or go.
enum AdministratorPlan {
    case arrange(ReconfigurationPlan)
    case change(ChangePlan)

    var at: Instant {
        switch self {
        case .arrange(let plan): plan.at
        case .change(let plan): plan.at
        }
    }

    var waits: Bool { if case .change(let plan) = self { plan.waits } else { false } }
    var isChange: Bool { if case .change = self { true } else { false } }
    var isOfClients: Bool { if case .change(let plan) = self { plan.change.isOfClients } else { false } }
}

/// Makes operations of plans, each for the view that it is to change.
struct OperationDrafts {
    /// By slot: the keys that replicas begin with, and those that they get later.
    let keys: [PublicKey]
    let laterKeys: [PublicKey]
    let administrators: [PublicKey]
    let clients: [PublicKey]

    /// Nil where there is nothing to change, or where that cannot be.
    func operation(for plan: AdministratorPlan, after view: View) -> Reconfiguration? {
        switch plan {
        // What cannot be, or changes nothing, the group itself is to refuse.
        case .arrange(let plan): return Reconfiguration(after: view, .arrange(arranged(plan, view)))
        case .change(let plan):
            guard let operation = operation(plan.change, view) else { return nil }
            return Reconfiguration(after: view, operation)
        }
    }

    private func operation(_ change: ChangePlan.Change, _ view: View) -> GroupOperation? {
        switch change {
        case .add(let slot): adding(slot, replacing: nil, view)
        case .replace(let old, let slot): adding(slot, replacing: ReplicaID(slot: old), view)
        case .replaceLeader(let slot): adding(slot, replacing: view[view.leader(of: .first)].id, view)
        case .remove(let slot):
            view.replica(ReplicaID(slot: slot)) == nil ? nil : possible(.remove(ReplicaID(slot: slot)), view)
        case .tolerate(let f): view.f == f ? nil : possible(.tolerate(view.faultModel, f: f), view)
        case .rotateKey(let slot): rotating(slot, view)
        case .administer(let needed):
            view.administration.needed == needed && view.administration.keys.count == administrators.count
                ? nil : .administer(Administration(keys: administrators, needed: needed))
        // Too early it is refused.
        case .upgrade:
            view.settings.protocolVersion < ProtocolVersions.supported.highest
                ? .upgrade(ProtocolVersions.supported.highest) : nil
        // Whether it changes anything the group itself is to say.
        case .admit(let client): .access(.admit([AccessChange.Grant(ClientID(clients[client]))]))
        case .expel(let client): .access(.expel([ClientID(clients[client])]))
        case .serve(let anyone): .access(.policy(anyone ? .open : .listed))
        }
    }

    private func adding(_ slot: Int, replacing replaced: ReplicaID?, _ view: View) -> GroupOperation? {
        guard ReplicaID(slot: slot) > view.lastID else { return nil }
        let member = Member(id: ReplicaID(slot: slot), key: keys[slot], host: "r\(slot)", port: 1, isHeavy: false)
        return possible(.add(Learner(member, replacing: replaced)), view)
    }

    private func rotating(_ slot: Int, _ view: View) -> GroupOperation? {
        guard let known = view.replica(ReplicaID(slot: slot)), known.key != laterKeys[slot] else { return nil }
        return .update(
            Member(id: known.id, key: laterKeys[slot], host: known.host, port: known.port, isHeavy: known.isHeavy))
    }

    /// Refusing what cannot be is tested elsewhere.
    private func possible(_ operation: GroupOperation, _ view: View) -> GroupOperation? {
        do {
            let shares = view.administration.keys.prefix(view.administration.needed).map {
                AdministratorShare(administrator: $0, signature: .absent)
            }
            _ = try view.successor(Reconfiguration(after: view, operation, shares: shares))
            return operation
        } catch {
            return nil
        }
    }

    private func arranged(_ plan: ReconfigurationPlan, _ view: View) -> ViewPlan {
        let ids = view.members.map(\.id)
        let turned = { (first: Int) in ids.indices.map { ids[(first + $0) % ids.count] } }
        var settings = view.settings
        if let window = plan.window { settings.window = window }
        return ViewPlan(
            heavy: Array(turned(plan.firstHeavy).prefix(view.quorum.heavyCount)).sorted(),
            leaderOrder: turned(plan.firstLeader), settings: settings)
    }

    /// To everyone, in a session that need not exist: whoever sees that too few have signed looks no further.
    func underSigned(
        _ operation: Reconfiguration, to view: View, by sealer: ClientSealer<SimulatedScheme>
    ) -> [(receiver: ReplicaID, message: ClientMessage)] {
        let request = Request(
            id: RequestID(
                client: sealer.client, session: SessionID(instance: Instance(1), place: 0), sequence: SequenceNumber(1)),
            kind: .reconfiguration(operation), repliesKeptFrom: SequenceNumber(0), payload: [])
        return view.members.map { ($0.id, .requests(RequestBundle(requests: [request], signature: nil))) }
    }
}
