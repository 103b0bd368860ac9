// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Groups that write down what they vote for.
extension ScenarioGenerator {
    /// Any number of replicas may lose power, all of them too, again and again, and go on as if they had only been slow.
    mutating func makeDurable() {
        scenario.settings.isDurable = true
        // What is written down has come through the wire format, which refuses what liars make up that is not canonical.
        scenario.usesWire = true
        if random.chance(permille: 300) { scenario.diskSyncErrorPermille = random.pick([5, 20, 100]) }
        for _ in 0..<random.pick([1, 1, 2, 4]) { makePowerLoss() }
        for replica in 0..<scenario.n where !scenario.isLiar(replica) && random.chance(permille: 60) {
            let at = random.instant(from: .zero, to: scenario.healsAt)
            let until = min(scenario.healsAt, at + random.interval(upTo: .milliseconds(300)))
            scenario.replicaFaults.append(ReplicaFault(replica: replica, at: at, kind: .diskFull(until: until)))
        }
        makeSlowDisks()
        makeDiskDamage()
    }

    /// Some stand still for a while, a few are slow to the end of all faults, or for as long as the group runs.
    private mutating func makeSlowDisks() {
        for replica in 0..<scenario.n where random.chance(permille: 150) {
            let at = random.instant(from: .zero, to: scenario.healsAt)
            let until = min(scenario.healsAt, at + random.interval(upTo: .milliseconds(400)))
            scenario.replicaFaults.append(ReplicaFault(replica: replica, at: at, kind: .diskStall(until: until)))
        }
        for replica in 0..<scenario.n where random.chance(permille: 80) {
            var by = random.interval(upTo: .milliseconds(UInt64(random.pick([5, 30, 100]))))
            let until = random.chance(permille: 500) ? scenario.healsAt : scenario.healsAt + .seconds(3_600)
            // Members order reports of their own, and clients are to be answered in time all the same.
            if until > scenario.healsAt { by = min(by, .milliseconds(25 * UInt64(scenario.settings.batchRequestsMax))) }
            scenario.replicaFaults.append(
                ReplicaFault(
                    replica: replica, at: random.instant(from: .zero, to: scenario.healsAt),
                    kind: .diskSlow(by: by, until: until)))
        }
    }

    /// Of one more replica, if the group bears it: seen in time, too late or never, and then its power goes.
    private mutating func makeDiskDamage() {
        let faulty = (0..<scenario.n).filter { !scenario.isCorrectThroughout($0) }
        guard faulty.count < scenario.f, random.chance(permille: 400) else { return }
        let replica = random.below(scenario.n)
        guard !faulty.contains(replica) else { return }
        for _ in 0..<random.pick([1, 1, 3]) {
            let at = random.instant(from: .zero, to: scenario.healsAt)
            let delay = random.chance(permille: 700) ? random.interval(upTo: .milliseconds(60)) : nil
            scenario.replicaFaults.append(ReplicaFault(replica: replica, at: at, kind: .diskDamage(seenAfter: delay)))
        }
        let at = random.instant(from: .zero, to: scenario.healsAt)
        let until = min(scenario.healsAt, at + random.interval(upTo: .milliseconds(200)))
        scenario.replicaFaults.append(ReplicaFault(replica: replica, at: at, kind: .crash(restartAt: until)))
        guard random.chance(permille: 200) else { return }
        let lost = min(until, at + random.interval(upTo: .milliseconds(20)))
        scenario.replicaFaults.append(ReplicaFault(replica: replica, at: lost, kind: .diskLoss))
    }

    /// Of some or of all, not quite at the same time, nor back at the same time; half of them in the midst of what they write.
    private mutating func makePowerLoss() {
        let at = random.instant(from: .zero, to: scenario.healsAt)
        let everyone = random.chance(permille: 600)
        for replica in 0..<scenario.n
        where !scenario.isLiar(replica) && (everyone || random.chance(permille: 400)) {
            let from = min(scenario.healsAt, at + random.interval(upTo: .milliseconds(2)))
            let until = min(scenario.healsAt, from + random.interval(upTo: .milliseconds(200)))
            let kind: ReplicaFault.Kind =
                random.chance(permille: 500)
                ? .crash(restartAt: until) : .powerLoss(after: random.below(8), restartAt: until)
            scenario.replicaFaults.append(ReplicaFault(replica: replica, at: from, kind: kind))
        }
    }
}
