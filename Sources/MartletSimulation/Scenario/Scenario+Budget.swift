// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// What a group must survive: at most f faulty replicas, and an end to everything else. A wrong clock is a fault like
/// any other (protocol §5).
extension Scenario {
    /// Replicas that neither lie nor ever crash nor rot nor have a clock that is too wrong.
    package func isCorrectThroughout(_ replica: Int) -> Bool {
        !isLiar(replica) && !isRobbed(replica) && !crashes(replica) && !rots(replica) && !isClockWrong(replica)
    }

    /// Says what cannot be run at all, or, where the scenario is not meant to go beyond, what a group need not survive;
    /// nil when nothing is.
    package var complaint: String? {
        placeComplaint ?? changeComplaint ?? liarComplaint ?? valueComplaint ?? (isBeyond ? nil : budgetComplaint)
    }

    /// By ascending id.
    func liars(of kind: LiarKind) -> [ReplicaID] {
        liars.filter { $0.kinds.contains(kind) }.map { ReplicaID(slot: $0.replica) }.sorted()
    }

    package func isLiar(_ replica: Int) -> Bool { liars.contains { $0.replica == replica } }

    /// One of a durable group that is back before the network heals has only been slow.
    package func crashes(_ replica: Int, after operations: Int = .max) -> Bool {
        replicaFaults.contains { fault in
            guard fault.replica == replica, fault.after <= operations else { return false }
            switch fault.kind {
            case .crash(let restart): return !settings.isDurable || restart ?? .distantFuture > healsAt
            case .powerLoss(_, let restart): return restart > healsAt
            // What it finds when it starts again makes it begin anew.
            case .diskDamage, .diskLoss: return true
            case .diskFull, .diskStall, .diskSlow, .pause, .rot: return false
            }
        }
    }

    package func rots(_ replica: Int) -> Bool { replicaFaults.contains { $0.replica == replica && $0.kind == .rot } }

    /// Whether its wall clock may come to lie so far off that its word about time is not taken. A quarter of the
    /// bound: another correct clock may be wrong the other way, and messages take time.
    package func isClockWrong(_ replica: Int) -> Bool {
        let faults = clockFaults.enumerated().filter { $1.replica == replica }
        guard !faults.isEmpty else { return false }
        var clock = ReplicaClock(monotonicOffset: .zero, wallOffset: .zero)
        let right = clock
        let bound = UInt64(settings.clockBoundMilliseconds) * 1_000 / 4
        var changes: [(at: Instant, order: Int, kind: ClockFault.Kind?)] = []
        for (place, fault) in faults {
            changes.append((fault.at, place, fault.kind))
            if case .stand(let until) = fault.kind { changes.append((until, place, nil)) }
        }
        changes.sort { ($0.at, $0.order) < ($1.at, $1.order) }
        let longest = timeouts.requestMax * UInt64(livenessTimeoutsMax)
        for at in changes.map(\.at) + [max(healsAt, clientsUntil) + longest] {
            while let change = changes.first, change.at <= at {
                if error(of: clock, right, at: change.at) > bound { return true }
                if let kind = change.kind { clock.strike(kind, at: change.at) } else { clock.goOn(at: change.at) }
                changes.removeFirst()
            }
            if error(of: clock, right, at: at) > bound { return true }
        }
        return false
    }

    private func error(of clock: ReplicaClock, _ right: ReplicaClock, at now: Instant) -> UInt64 {
        let (shown, real) = (clock.reading(at: now).wall.rawValue, right.reading(at: now).wall.rawValue)
        return shown > real ? shown - real : real - shown
    }

    // MARK: - Complaints

    private var placeComplaint: String? {
        guard n >= faultModel.membersMin(f: f), n >= 1, f >= 0 else {
            return "\(n) replicas cannot tolerate \(f) \(faultModel) faults"
        }
        guard f > 0 || n == 1 else {
            return "f = 0 tolerates nothing and means one replica alone, not \(n); give n: 1, or a greater f"
        }
        guard nodes <= NodeSet.nodesMax else {
            return "\(slots) replicas and \(clientNodes) clients are more than \(NodeSet.nodesMax) nodes"
        }
        if let complaint = weightComplaint { return complaint }
        let places =
            replicaFaults.map(\.replica) + clockFaults.map(\.replica) + liars.map(\.replica)
            + clientLinkFaults.flatMap(\.replicas.nodes)
        if let wrong = places.first(where: { !(0..<slots).contains($0) }) { return "there is no replica \(wrong)" }
        if let wrong = clientLinkFaults.map(\.client).first(where: { !clients.indices.contains($0) }) {
            return "there is no client \(wrong)"
        }
        let regions = matrix?.regions.count ?? 0
        return placement.first { !(0..<max(1, regions)).contains($0) }.map { "there is no region \($0)" }
    }

    private var weightComplaint: String? {
        if !leaders.isEmpty, leaders.sorted() != Array(0..<n) {
            return "'leaders' must name each of the replicas 0 to \(n - 1) once"
        }
        let count = QuorumRule(faultModel: faultModel, n: n, f: f).heavyCount
        guard heavy.isEmpty || Set(heavy).count == heavy.count && heavy.allSatisfy((0..<n).contains) else {
            return "'heavy' names a replica twice, or one that is not there"
        }
        return heavy.isEmpty || heavy.count == count ? nil : "\(count) replicas are heavy, not \(heavy.count)"
    }

    private var liarComplaint: String? {
        let count = Set(liars.map(\.replica)).count
        guard liars.isEmpty || faultModel == .byzantine else { return "nobody may lie in a crash group" }
        guard faultModel == .byzantine || !replicaFaults.contains(where: { $0.kind == .rot }) else {
            return "in a crash group no replica's memory may rot"
        }
        if hasChanges { return lyingComplaint }
        return count > f ? "\(count) liars are more than f = \(f): nothing could be promised" : nil
    }

    private var valueComplaint: String? {
        if let complaint = settings.complaint { return "setting \(complaint)" }
        if links.bytesPerSecond > 0, !usesWire { return "a link's bytes are counted only with usesWire" }
        return timeComplaint
    }

    /// What would end before it begins.
    private var timeComplaint: String? {
        for fault in replicaFaults {
            switch fault.kind {
            case .crash(let restart?) where restart < fault.at:
                return "replica \(fault.replica) would be restarted before it crashes"
            case .powerLoss(_, let restart) where restart < fault.at:
                return "replica \(fault.replica) would be restarted before it loses power"
            case .pause(let until) where until < fault.at:
                return "replica \(fault.replica) would go on before it is paused"
            case .diskFull(let until) where until < fault.at:
                return "replica \(fault.replica)'s disk would have space before it is full"
            case .diskStall(let until) where until < fault.at, .diskSlow(_, let until) where until < fault.at:
                return "replica \(fault.replica)'s disk would go on before it is slow or stands still"
            case .powerLoss where !settings.isDurable, .diskFull where !settings.isDurable,
                .diskStall where !settings.isDurable, .diskSlow where !settings.isDurable,
                .diskDamage where !settings.isDurable, .diskLoss where !settings.isDurable:
                return "replica \(fault.replica) has no disk: only those of a durable group have (isDurable)"
            case .crash, .pause, .rot, .powerLoss, .diskFull, .diskStall, .diskSlow, .diskDamage, .diskLoss: break
            }
        }
        for fault in clockFaults {
            if case .stand(let until) = fault.kind, until < fault.at {
                return "replica \(fault.replica)'s clocks would go on before they stand still"
            }
        }
        guard linkFaults.allSatisfy({ $0.begin <= $0.end }) else { return "a link's fault would end before it begins" }
        guard clientLinkFaults.allSatisfy({ $0.begin <= $0.end }) else {
            return "a client's connections would be back before they break"
        }
        return nil
    }

    private var budgetComplaint: String? {
        if hasChanges, let complaint = membershipComplaint { return complaint }
        let faulty = hasChanges ? [] : (0..<n).filter { !isCorrectThroughout($0) }
        guard faulty.count <= f else {
            return
                "\(faulty.count) replicas lie, crash, rot or have wrong clocks (\(faulty.map(String.init).joined(separator: ", "))), "
                + "more than f = \(f); say 'beyond: true' if that is meant"
        }
        guard clientLinkFaults.allSatisfy({ $0.end <= healsAt }) else {
            return "a client's connections stay broken after healsAt; say 'beyond: true' if that is meant"
        }
        for fault in replicaFaults {
            if case .pause(let until) = fault.kind, until > healsAt {
                return "replica \(fault.replica) is paused beyond healsAt; say 'beyond: true' if that is meant"
            }
            if case .diskFull(let until) = fault.kind, until > healsAt {
                return "replica \(fault.replica)'s disk is full beyond healsAt; say 'beyond: true' if that is meant"
            }
            if case .diskStall(let until) = fault.kind, until > healsAt {
                return
                    "replica \(fault.replica)'s disk stands still beyond healsAt; say 'beyond: true' if that is meant"
            }
        }
        for fault in clockFaults {
            if case .stand(let until) = fault.kind, until > healsAt {
                return
                    "replica \(fault.replica)'s clocks stand still beyond healsAt; say 'beyond: true' if that is meant"
            }
        }
        return nil
    }
}
