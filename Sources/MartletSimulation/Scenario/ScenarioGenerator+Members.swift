// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Members that come and go, in the midst of all the rest.
extension ScenarioGenerator {
    /// Who the members are likely to be as the operations go, and what is planned.
    private struct Draft {
        var members: [Int]
        var f: Int
        var at: Instant
        var next: Int
        var waits = true
    }

    /// Not where more goes wrong than a group must survive. What would be too much is left out again: the lies of newcomers first.
    mutating func makeMembers() {
        guard !scenario.isBeyond, scenario.n > 1 else { return }
        let before = scenario
        scenario.timeouts.farewell = .milliseconds(UInt64(random.pick([50, 200, 600])))
        let count = random.pick([1, 1, 2, 3])
        for _ in 0..<count {
            scenario.newcomers.append(NewcomerPlan(startsAt: random.instant(from: .zero, to: scenario.healsAt)))
        }
        var draft = Draft(
            members: Array(0..<scenario.n), f: scenario.f,
            at: random.instant(from: .zero, to: Instant.zero + .milliseconds(200)), next: scenario.n)
        for _ in 0..<count + random.below(2) { planChange(&draft) }
        if random.chance(permille: 250) { makeRace(&draft) }
        if random.chance(permille: 300) { makeUpgrade() }
        makeNewcomersFaults()
        makeFormerLiars()
        guard scenario.complaint != nil else { return }
        scenario.liars.removeAll { [n = scenario.n] in $0.replica >= n }
        scenario.thieves = []
        let founders = scenario.n
        scenario.replicaFaults.removeAll { fault in
            if case .pause = fault.kind { return false }
            return fault.replica >= founders
        }
        if scenario.complaint != nil { scenario = before }
    }

    private mutating func plan(_ change: ChangePlan.Change, _ draft: inout Draft, waits: Bool? = nil) {
        scenario.changes.append(ChangePlan(at: draft.at, change, waits: waits ?? draft.waits))
        draft.at = draft.at + .milliseconds(10) + random.interval(upTo: .milliseconds(250))
    }

    private mutating func planChange(_ draft: inout Draft) {
        let isRoomy = draft.members.count > scenario.faultModel.membersMin(f: draft.f)
        let hasNext = draft.next < scenario.slots
        switch random.below(12) {
        case 0..<4 where hasNext: planReplacement(&draft)
        case 4..<6 where hasNext:
            draft.members.append(draft.next)
            plan(.add(draft.next), &draft)
            draft.next += 1
        case 6 where hasNext: planGivenUp(&draft)
        case 7 where isRoomy:
            let slot = random.pick(draft.members)
            draft.members.removeAll { $0 == slot }
            plan(.remove(slot), &draft)
        case 8: planRotation(&draft)
        case 9: plan(.administer(needed: random.pick([1, 2, 2])), &draft)
        case 10..<12: planTolerance(&draft)
        default: if hasNext { planReplacement(&draft) }
        }
    }

    /// Of one that lies or crashes, of the leader, or of anybody.
    private mutating func planReplacement(_ draft: inout Draft) {
        let slot = draft.next
        draft.next += 1
        guard !random.chance(permille: 300) else {
            draft.members.append(slot)
            return plan(.replaceLeader(by: slot), &draft)
        }
        let faulty = draft.members.filter { !scenario.isCorrectThroughout($0) }
        let old = !faulty.isEmpty && random.chance(permille: 600) ? random.pick(faulty) : random.pick(draft.members)
        draft.members.removeAll { $0 == old }
        draft.members.append(slot)
        plan(.replace(old, by: slot), &draft)
    }

    /// Nobody hears of this one, and it hears of nobody, so that it is taken off again.
    private mutating func planGivenUp(_ draft: inout Draft) {
        let slot = draft.next
        draft.next += 1
        plan(.add(slot), &draft)
        plan(.remove(slot), &draft, waits: false)
        let node = NodeSet([scenario.node(ofReplica: slot)])
        let rest = NodeSet((0..<scenario.slots).filter { $0 != slot }.map(scenario.node(ofReplica:)))
        for (from, to) in [(node, rest), (rest, node)] {
            scenario.linkFaults.append(LinkFault(from: from, to: to, begin: .zero, end: scenario.healsAt))
        }
    }

    /// Without its disk a replica that starts again counts as faulty.
    private mutating func planRotation(_ draft: inout Draft) {
        let slot = random.pick(draft.members)
        guard !scenario.isLiar(slot) else { return }
        plan(.rotateKey(slot), &draft)
        guard scenario.faultModel == .byzantine, random.chance(permille: 400) else { return }
        let plan = LiarPlan(replica: slot, kinds: [.formerMember, random.pick([.viewLiar, .replayer, .doubleVoter])])
        let before = scenario
        scenario.thieves.append(plan)
        // In place of whatever is wrong with another.
        if scenario.complaint != nil, let other = (0..<scenario.n).first(where: isFaultyBeside(slot)) {
            scenario.liars.removeAll { $0.replica == other }
            scenario.replicaFaults.removeAll { $0.replica == other }
            scenario.clockFaults.removeAll { $0.replica == other }
        }
        if scenario.complaint != nil { scenario = before }
    }

    private func isFaultyBeside(_ slot: Int) -> (Int) -> Bool {
        { [scenario] in $0 != slot && !scenario.isCorrectThroughout($0) }
    }

    private mutating func planTolerance(_ draft: inout Draft) {
        let more = draft.f + 1
        let canBeMore = draft.members.count >= scenario.faultModel.membersMin(f: more)
        guard canBeMore || draft.f > 1 else { return }
        let isMore = canBeMore && (draft.f == 1 || random.chance(permille: 500))
        draft.f = isMore ? more : draft.f - 1
        plan(.tolerate(draft.f), &draft)
        if scenario.complaint != nil { scenario.changes.removeLast() }
    }

    /// Those that start again anyway do so with a newer program, and some newcomers come with an old one.
    private mutating func makeUpgrade() {
        scenario.settings.protocolVersion = 1
        for fault in scenario.replicaFaults {
            guard case .crash(let restartAt?) = fault.kind, random.chance(permille: 700),
                !scenario.oldPrograms.contains(where: { $0.replica == fault.replica })
            else { continue }
            // What would take it away while it is away already does nothing, its restart neither.
            let restarts = scenario.replicaFaults.compactMap { other in
                other.replica == fault.replica ? other.restartsAt : nil
            }
            scenario.oldPrograms.append(
                OldProgram(replica: fault.replica, until: restarts.min() ?? restartAt))
        }
        for slot in scenario.n..<scenario.slots where random.chance(permille: 150) {
            scenario.oldPrograms.append(OldProgram(replica: slot, until: scenario.healsAt))
        }
        for _ in 0..<2 {
            let at = random.instant(from: .zero, to: scenario.healsAt)
            scenario.changes.append(ChangePlan(at: at, .upgrade, waits: false))
        }
        scenario.changes.append(ChangePlan(at: scenario.healsAt, .upgrade))
    }

    /// Another administrator, who knows nothing of what the first one does.
    private mutating func makeRace(_ draft: inout Draft) {
        let firsts = scenario.changes
        for plan in firsts.prefix(2) {
            let at = random.chance(permille: 500) ? plan.at : plan.at + random.interval(upTo: .milliseconds(3))
            let change: ChangePlan.Change =
                random.chance(permille: 500) ? .administer(needed: random.pick([1, 2])) : .tolerate(scenario.f)
            scenario.changes.append(
                ChangePlan(at: at, random.chance(permille: 500) ? plan.change : change, administrator: 1, waits: false))
        }
        if scenario.complaint != nil { scenario.changes = firsts }
    }

    // MARK: - What befalls them

    private mutating func makeNewcomersFaults() {
        for slot in scenario.n..<scenario.slots {
            let start = scenario.newcomers[slot - scenario.n].startsAt
            switch random.below(10) {
            case 0..<2 where scenario.faultModel == .byzantine: makeNewLiar(slot)
            case 2..<4:
                let at = random.instant(from: start, to: scenario.healsAt)
                let back = at + random.interval(upTo: .milliseconds(300))
                attempt(ReplicaFault(replica: slot, at: at, kind: .crash(restartAt: min(back, scenario.healsAt))))
            case 4:
                let at = random.instant(from: start, to: scenario.healsAt)
                let until = min(scenario.healsAt, at + random.interval(upTo: .milliseconds(300)))
                attempt(ReplicaFault(replica: slot, at: at, kind: .pause(until: until)))
            default: break
            }
        }
    }

    private mutating func attempt(_ fault: ReplicaFault) {
        scenario.replicaFaults.append(fault)
        if scenario.complaint != nil { scenario.replicaFaults.removeLast() }
    }

    private mutating func makeNewLiar(_ slot: Int) {
        let others: [LiarKind] = [.twins, .colluder, .falseNeighbour]
        var kinds = LiarKind.allCases.filter { !others.contains($0) }
        random.shuffle(&kinds)
        scenario.liars.append(LiarPlan(replica: slot, kinds: Array(kinds.prefix(random.pick([1, 2, 3])))))
        if scenario.complaint != nil { scenario.liars.removeLast() }
    }

    /// Whoever lies goes on when it is removed.
    private mutating func makeFormerLiars() {
        for place in scenario.liars.indices where random.chance(permille: 700) {
            if !scenario.liars[place].kinds.contains(.formerMember) {
                scenario.liars[place].kinds.append(.formerMember)
            }
        }
    }
}
