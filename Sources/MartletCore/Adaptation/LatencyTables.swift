// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// M^P and M^W of adaptation §3: what each member has reported last, and where that was ordered. A deterministic function of
/// the decided batches, so it is equal at all replicas and part of every checkpoint.
package struct LatencyTables: Sendable {
    private struct Row: Sendable {
        var instance = Instance.zero
        var report: LatencyReport?
    }

    /// The members' ids, by position in the view.
    private var ids: [ReplicaID]
    private var rows: ReplicaTable<Row>

    package init(view: View) {
        ids = view.members.map(\.id)
        rows = ReplicaTable(repeating: Row(), count: view.n)
    }

    package mutating func note(_ report: LatencyReport, of member: ReplicaIndex, at instance: Instance) {
        rows[member] = Row(instance: instance, report: report)
    }

    /// What the member reported beyond that instance; what is older counts no more.
    package func report(of member: ReplicaIndex, beyond instance: Instance) -> LatencyReport? {
        rows[member].instance > instance ? rows[member].report : nil
    }

    /// Of all members, by position.
    package func reports(beyond instance: Instance) -> [LatencyReport?] {
        rows.indices.map { report(of: ReplicaIndex($0), beyond: instance) }
    }

    /// What a member has measured stays true in a view of the same members: links do not care for weights. Of whoever comes
    /// anew nothing is known.
    package mutating func begin(_ view: View) {
        let former = self
        self = LatencyTables(view: view)
        let places = view.members.map { former.ids.firstIndex(of: $0.id) }
        func follow(_ row: [LinkLatency]) -> [LinkLatency] { places.map { $0.map { row[$0] } ?? .missing } }
        for (position, place) in places.enumerated() {
            guard let place, let report = former.rows[ReplicaIndex(place)].report else { continue }
            // What it has seen of consensus was of the view before.
            rows[ReplicaIndex(position)] = Row(
                instance: former.rows[ReplicaIndex(place)].instance,
                report: LatencyReport(proposals: follow(report.proposals), votes: follow(report.votes)))
        }
    }

    // MARK: Checkpoints

    /// Members in the order of their ids: rows and columns.
    private var order: [Int] { ids.indices.sorted { ids[$0] < ids[$1] } }

    /// `number` tells that of a member's last operation.
    package func records(number: (ReplicaID) -> SequenceNumber) -> [ReportRecord] {
        let order = order
        return order.map { place in
            let row = rows[ReplicaIndex(place)]
            let report = row.report.map { report in
                LatencyReport(
                    proposals: order.map { report.proposals[$0] }, votes: order.map { report.votes[$0] },
                    late: ReplicaSet(
                        order.indices.filter { report.late.contains(ReplicaIndex(order[$0])) }.map { ReplicaIndex($0) }),
                    took: report.took, regency: report.regency)
            }
            return ReportRecord(
                replica: ids[place], number: number(ids[place]), instance: row.instance, report: report)
        }
    }

    /// Takes over an image, which a quorum agreed on. Whom it does not know has reported nothing.
    package init(image: AdaptationImage, view: View) {
        self.init(view: view)
        let order = order
        guard image.reports.map(\.replica) == order.map({ ids[$0] }) else { return }
        for (record, place) in zip(image.reports, order) {
            guard let report = record.report, report.votes.count == order.count else { continue }
            var (proposals, votes) = (report.proposals, report.votes)
            for (column, position) in order.enumerated() {
                proposals[position] = report.proposals[column]
                votes[position] = report.votes[column]
            }
            let late = ReplicaSet(
                report.late.filter { $0.position < order.count }.map { ReplicaIndex(order[$0.position]) })
            note(
                LatencyReport(
                    proposals: proposals, votes: votes, late: late, took: report.took, regency: report.regency),
                of: ReplicaIndex(place), at: record.instance)
        }
    }
}
