// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Agreeing on what was measured (adaptation §3): each member orders reports of its own, signed, and all keep the last of each.
extension ReplicaCore {
    /// So many operations of one member wait at most; more come again, or are fetched when a batch lists them.
    static var operationsPendingMax: Int { 4 }

    // MARK: This replica's own reports

    /// One after the other: the next is not made while one waits.
    private var isReporting: Bool {
        measuring.schedule.isOn && mode == .voter && isSynced && !isFarBehind
            && pool.pending(of: ClientID(own.key)).requests == 0
    }

    /// Three times in c instances under load, and now and then while nothing is ordered.
    private var isReportDue: Bool {
        decided.distance(beyond: reported.instance) >= view.settings.calculationPeriod / 3
            || reported.at + configuration.timeouts.report <= now.monotonic
    }

    mutating func reportIfDue(into effects: inout Effects) {
        guard isReporting, isReportDue else { return }
        reported.instance = decided
        reported.at = now.monotonic
        lateness.judge(decided: decided, at: now.monotonic)
        let everyone = (0..<view.n).map { ReplicaIndex($0) }
        let report = LatencyReport(
            proposals: everyone.map { measured(.proposals, to: $0) }, votes: everyone.map { measured(.votes, to: $0) },
            late: lateness.late, took: orderTimes.told, regency: regency)
        guard report.isInformative(of: me) else { return }
        reported.number = max(reported.number, sessions.lastOperation(of: own.id)).next
        let request = Request.measure(report, in: view.number, number: reported.number, by: own.key)
        effects.sends.append(Send(.operation(ReplicaOperation(request: request)), to: .everyone))
    }

    var reportDeadline: Instant? {
        isReporting && measuring.stock.count > 0 ? reported.at + configuration.timeouts.report : nil
    }

    // MARK: Operations

    /// It waits to be ordered like a client's signed request, and ends a leader's regency that leaves it out.
    mutating func onOperation(_ operation: AdmittedRequest, from member: ReplicaIndex) {
        guard operation.id.client.key == peers[member].key, operation.id.session == .ofReplicas,
            sessions.standing(of: operation.request, decided: decided) == .new, makeRoom(for: operation.request)
        else { return }
        _ = pool.add(operation, at: now.monotonic)
        noteArrival(of: operation.id)
    }

    /// However it comes here; but what a proposal lists is needed. Those with the highest numbers are kept: once one of them
    /// is ordered the lower ones are void, so that nobody needs to have the leader blamed for them.
    mutating func makeRoom(for request: Request) -> Bool {
        let id = request.id
        guard id.session == .ofReplicas, !wantedRequests.contains(id) else { return true }
        guard request.kind != .rejoin else { return isAdmissible(request) }
        // A learner has nothing else to order.
        guard view.index(of: id.client.key) != nil else { return false }
        return pool.makeRoom(for: id, unproposedMax: Self.operationsPendingMax)
    }

    /// An operation of a member was ordered: the first time, and if it is what it should be, it has its effect.
    /// Returns the view that follows, if one does.
    mutating func executeOperation(_ request: Request, in batch: Batch) -> View? {
        guard let replica = view.replica(request.id.client.key)?.id, sessions.orderOperation(request.id) else {
            return nil
        }
        if request.kind == .rejoin { return view(admitting: replica, by: request, in: batch) }
        guard let member = view.index(of: replica), measuring.schedule.isOn, request.kind == .measure,
            let report = LatencyReport(payload: request.payload, of: member, in: view.number, n: view.n)
        else { return nil }
        latencies.note(report, of: member, at: batch.instance)
        noteLinks(after: batch.instance)
        return nil
    }
}

/// This replica's last report.
struct OwnReport {
    var number = SequenceNumber(0)
    /// Where it was made, and when.
    var instance = Instance.zero
    var at: Instant
}
