// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes

/// What befalls replicas, their clocks and the clients' connections.
extension World {
    /// How often it is looked whether an operation is done that a fault waits for.
    private static let faultRetryAfter = Interval.milliseconds(5)

    func scheduleFaults() {
        for (place, fault) in scenario.replicaFaults.enumerated() { queue.insert(.fault(place), at: fault.at) }
        for (place, fault) in scenario.clockFaults.enumerated() {
            queue.insert(.clock(place, isOver: false), at: fault.at)
            if case .stand(let until) = fault.kind { queue.insert(.clock(place, isOver: true), at: until) }
        }
        for (place, fault) in scenario.clientLinkFaults.enumerated() {
            queue.insert(.clientLink(place, isUp: false), at: fault.begin)
            queue.insert(.clientLink(place, isUp: true), at: fault.end)
        }
    }

    // MARK: - Replicas

    func onFault(_ fault: ReplicaFault) {
        let replica = replicas[fault.replica]
        guard fault.after <= counts.operationsDone else {
            if let place = scenario.replicaFaults.firstIndex(of: fault) {
                queue.insert(.fault(place), at: now + Self.faultRetryAfter)
            }
            return
        }
        if case .diskDamage(let delay) = fault.kind { damageDisk(of: replica, seenAfter: delay) }
        if case .diskLoss = fault.kind { loseDisk(of: replica) }
        guard replica.isUp else { return }
        switch fault.kind {
        case .diskDamage, .diskLoss: break
        case .crash(let restartAt): crash(replica, restartAt: restartAt)
        case .powerLoss(let operations, let restartAt):
            replica.losePower(after: operations)
            replica.powerBackAt = restartAt
            queue.insert(
                .powerGone(fault.replica, incarnation: replica.incarnation),
                at: min(restartAt, now + random.interval(upTo: .milliseconds(3))))
        case .diskFull(let until):
            trace.line(now, "r\(fault.replica)", "FAULT", "its disk is full until \(until.rawValue / 1_000) µs")
            counts.fullDisks += 1
            replica.setDiskFull(true)
            queue.insert(.diskFree(fault.replica), at: until)
        case .diskStall(let until):
            trace.line(now, "r\(fault.replica)", "FAULT", "its disk stands still until \(until.rawValue / 1_000) µs")
            counts.stalledDisks += 1
            replica.diskStallsUntil = max(replica.diskStallsUntil, until)
        case .diskSlow(let by, let until):
            trace.line(
                now, "r\(fault.replica)", "FAULT", "its disk takes \(by) more until \(until.rawValue / 1_000) µs")
            counts.slowDisks += 1
            replica.slowDisk = (by, until)
        case .pause(let until):
            trace.line(now, "r\(fault.replica)", "FAULT", "stands still until \(until.rawValue / 1_000) µs")
            counts.pauses += 1
            replica.isPaused = true
            queue.insert(.resume(fault.replica), at: until)
        case .rot:
            trace.line(now, "r\(fault.replica)", "FAULT", "its memory rots")
            counts.rots += 1
            replica.isRotten = true
        }
    }

    func crash(_ replica: SimulatedReplica, restartAt: Instant?) {
        guard replica.isUp else { return }
        let place = replica.id.slot
        trace.line(now, "r\(place)", "FAULT", "crashes")
        counts.crashes += 1
        noteCrash(of: replica)
        for point in replica.crashPoints { counts.crashPoints[point, default: 0] += 1 }
        replica.crash()
        if let restartAt { queue.insert(.restart(place), at: max(now, restartAt)) }
        breakLinks(to: replica)
    }

    func onResume(_ replica: SimulatedReplica) {
        guard replica.isUp, replica.isPaused else { return }
        replica.isPaused = false
        trace.line(now, "r\(replica.id)", "FAULT", "goes on")
        scheduleWake(of: replica)
        scheduleExecution(of: replica)
    }

    func onRestart(_ replica: SimulatedReplica) {
        guard !replica.isUp, replica.hasStarted, !replica.hasLeft else { return }
        let place = replica.id.slot
        counts.restarts += 1
        do {
            let base = try replica.restart(at: now)
            if replica.disk == nil || replica.hasLostVotes {
                checkers.restarted(place, as: replica.number)
            } else {
                checkers.restored(place, from: base, as: replica.number, at: now)
            }
        } catch {
            checkers.note(
                Violation(.checkpoints, at: now, "replica \(place) cannot go on from what it had written: \(error)"))
        }
        trace.line(
            now, "r\(replica.id)", "FAULT",
            replica.isWaiting ? "restarts, and waits to be listed" : "restarts as \(replica.mode)")
        onWake(replica)
        scheduleDial(from: replica)
        if !replica.isWaiting { mendLinks(to: replica) }
    }

    /// Clients are served only by whoever a view lists.
    func mendLinks(to replica: SimulatedReplica) {
        guard !replica.hasClientLinks else { return }
        replica.hasClientLinks = true
        for client in clients.indices { mendLink(client, replica.id.slot) }
    }

    func breakLinks(to replica: SimulatedReplica) {
        guard replica.hasClientLinks else { return }
        replica.hasClientLinks = false
        for client in clients.indices { breakLink(client, replica.id.slot) }
    }

    // MARK: - Clocks

    func onClock(_ fault: ClockFault, isOver: Bool) {
        let replica = replicas[fault.replica]
        if isOver { replica.clock.goOn(at: now) } else { replica.clock.strike(fault.kind, at: now) }
        trace.line(now, "r\(fault.replica)", "FAULT", isOver ? "its clocks go on" : "its clocks: \(fault.kind)")
        switch fault.kind {
        case .drift: counts.drifts += 1
        case .jump: counts.jumps += 1
        case .stand: counts.standstills += isOver ? 0 : 1
        }
        // Its timer was armed by the old rate.
        replica.armed = nil
        if replica.isUp { arm(replica) }
    }

    // MARK: - Clients' connections

    func onClientLink(_ fault: ClientLinkFault, isUp: Bool) {
        trace.line(now, "c\(fault.client)", "FAULT", "\(isUp ? "regains" : "loses") its links to \(fault.replicas)")
        for replica in 0..<scenario.slots where fault.replicas.contains(replica) {
            if isUp { mendLink(fault.client, replica) } else { breakLink(fault.client, replica) }
        }
    }

    private func breakLink(_ client: Int, _ replica: Int) {
        guard clientLinks.breaks(client, replica) else { return }
        counts.clientLinksDown += 1
        tell(client, of: replica, isUp: false)
    }

    private func mendLink(_ client: Int, _ replica: Int) {
        if clientLinks.mends(client, replica) { tell(client, of: replica, isUp: true) }
    }

    private func tell(_ client: Int, of replica: Int, isUp: Bool) {
        var output = ClientOutput()
        let there = replicas[replica]
        let link: ClientLink = isUp ? .up(there.key, there.verifier.view.number) : .down
        clients[client].linkChanged(to: there.id, link, at: now, into: &output)
        take(output, of: client)
    }
}
