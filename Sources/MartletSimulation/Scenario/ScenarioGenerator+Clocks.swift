// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Clocks, crashes that come again, and what is more than a group must survive.
extension ScenarioGenerator {
    mutating func makeClocks() {
        guard random.chance(permille: 300) else { return }
        scenario.settings.clockBoundMilliseconds = random.pick([400, 1_000, 10_000])
        makeRoomForWrongClock()
        for replica in 0..<scenario.n where random.chance(permille: 500) {
            let isAllowedToBeWrong =
                !scenario.isCorrectThroughout(replica)
                || (0..<scenario.n).count { !scenario.isCorrectThroughout($0) } < scenario.f
            if isAllowedToBeWrong { makeWrongClock(replica) } else { makeDriftingClock(replica) }
        }
    }

    /// Now and then the clock is all that is wrong with a replica.
    private mutating func makeRoomForWrongClock() {
        guard random.chance(permille: 300) else { return }
        if let crash = scenario.replicaFaults.firstIndex(where: {
            if case .crash = $0.kind { true } else { false }
        }) {
            scenario.replicaFaults.remove(at: crash)
        } else if !scenario.liars.isEmpty {
            scenario.liars.removeLast()
        }
    }

    /// As wrong as can be, for a while or for ever.
    private mutating func makeWrongClock(_ replica: Int) {
        let at = random.instant(from: .zero, to: scenario.healsAt)
        let seconds = random.pick([1, 5, 60, 100_000]) * (random.chance(permille: 500) ? 1 : -1)
        switch random.below(3) {
        case 0: add(replica, at, .drift(permille: random.pick([500, 800, 1_300, 3_000])))
        case 1: add(replica, at, .stand(until: random.instant(from: at, to: scenario.healsAt)))
        default: add(replica, at, .jump(milliseconds: seconds * 1_000))
        }
        guard random.chance(permille: 500) else { return }
        let again = random.instant(from: at, to: scenario.healsAt)
        add(replica, again, .jump(milliseconds: -seconds * 1_000))
    }

    /// Not so wrong that its word would be worth less: what goes too far is taken back.
    private mutating func makeDriftingClock(_ replica: Int) {
        let before = scenario.clockFaults
        let at = random.instant(from: .zero, to: scenario.healsAt)
        let until = random.instant(from: at, to: scenario.healsAt)
        switch random.below(3) {
        case 0:
            add(replica, at, .drift(permille: random.pick([800, 950, 1_050, 1_500])))
            add(replica, until, .drift(permille: 1_000))
        case 1: add(replica, at, .stand(until: min(until, at + .milliseconds(80))))
        default: add(replica, at, .jump(milliseconds: random.number(in: -90...90)))
        }
        if scenario.isClockWrong(replica) { scenario.clockFaults = before }
    }

    private mutating func add(_ replica: Int, _ at: Instant, _ kind: ClockFault.Kind) {
        scenario.clockFaults.append(ClockFault(replica: replica, at: at, kind: kind))
    }

    // MARK: - Again, and too much

    /// Who came back may go again.
    mutating func makeSecondCrashes() {
        for fault in scenario.replicaFaults {
            guard case .crash(let back?) = fault.kind, random.chance(permille: 300) else { continue }
            let at = back + random.interval(upTo: .milliseconds(200))
            let restart = random.chance(permille: 800) ? at + random.interval(upTo: .milliseconds(300)) : nil
            scenario.replicaFaults.append(
                ReplicaFault(replica: fault.replica, at: at, kind: .crash(restartAt: restart)))
        }
    }

    /// In place of a crash.
    mutating func makeRot() {
        guard scenario.faultModel == .byzantine, !scenario.isBeyond, let fault = scenario.replicaFaults.first,
            scenario.crashes(fault.replica), random.chance(permille: 200)
        else { return }
        scenario.replicaFaults.removeAll { $0.replica == fault.replica }
        scenario.replicaFaults.append(ReplicaFault(replica: fault.replica, at: fault.at, kind: .rot))
    }

    /// More crashes or more wrong clocks than the group can bear: it may fall silent, and must do nothing worse.
    mutating func goBeyond() {
        scenario.isBeyond = true
        scenario.livenessTimeoutsMax = 4
        var places = Array(0..<scenario.n)
        random.shuffle(&places)
        let count = random.number(in: scenario.f + 1...scenario.n)
        let isClocks = random.chance(permille: 300)
        for replica in places.prefix(count) {
            let at = random.instant(from: .zero, to: scenario.healsAt)
            if isClocks {
                add(replica, at, .jump(milliseconds: random.pick([-3_600_000, -5_000, 70_000, 3_600_000])))
            } else {
                let restart = random.chance(permille: 600) ? at + random.interval(upTo: .milliseconds(400)) : nil
                scenario.replicaFaults.append(
                    ReplicaFault(replica: replica, at: at, kind: .crash(restartAt: restart)))
            }
        }
    }
}
