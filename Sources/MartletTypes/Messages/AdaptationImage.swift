// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What members have reported, and what is being calculated of it, as a checkpoint holds it.
package struct AdaptationImage: Hashable, Sendable {
    /// One of each member, by ascending id; none in groups of one.
    package let reports: [ReportRecord]
    package let experience: Experience
    /// Of the last calculation, as long as it may still be due.
    package let calculation: CalculationInput?

    package static let empty = AdaptationImage(reports: [], calculation: nil)

    package init(reports: [ReportRecord], experience: Experience = Experience(), calculation: CalculationInput?) {
        self.reports = reports
        self.experience = experience
        self.calculation = calculation
    }
}

/// A member's last operation and last report.
package struct ReportRecord: Hashable, Sendable {
    package let replica: ReplicaID
    /// Of its last ordered operation; 0 before the first. No lower one has an effect any more.
    package let number: SequenceNumber
    /// Where its last report was ordered; 0 before the first.
    package let instance: Instance
    package let report: LatencyReport?

    package init(replica: ReplicaID, number: SequenceNumber, instance: Instance, report: LatencyReport?) {
        self.replica = replica
        self.number = number
        self.instance = instance
        self.report = report
    }
}
