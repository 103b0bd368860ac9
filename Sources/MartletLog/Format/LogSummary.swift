// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What records about views and epochs come to: what must be said again when the segments that hold them go. Records of
/// instances are not part of it.
package struct LogSummary: Hashable, Sendable {
    package private(set) var incarnation: UInt64?
    /// In order.
    package private(set) var views: [ViewCertificate] = []
    /// The newest.
    package private(set) var entered: Epoch?
    /// Of the epoch that was entered last.
    package private(set) var synced: Sync?
    package private(set) var stable: CheckpointCertificate?

    package init() {}

    package mutating func fold(_ record: LogRecord) {
        switch record {
        case .incarnation(let number): incarnation = number
        case .view(let certificate):
            // It is proved; that it is entered, another record says: until then the epoch before stands.
            if let last = views.last, last.next.number >= certificate.next.number { return }
            views.append(certificate)
        case .entered(let epoch):
            // Epochs only grow: what is told again takes nothing back.
            if let last = entered, last >= epoch { return }
            (entered, synced) = (epoch, nil)
        case .synced(let sync): if sync.epoch == entered { synced = sync }
        case .stable(let certificate): stable = certificate
        case .batch, .wrote, .accepted, .decided: break
        }
    }

    package mutating func fold(_ records: [LogRecord]) {
        for record in records { fold(record) }
    }

    /// Records that come to the same.
    package var records: [LogRecord] {
        var records: [LogRecord] = []
        if let incarnation { records.append(.incarnation(incarnation)) }
        records += views.map { .view($0) }
        if let entered { records.append(.entered(entered)) }
        if let synced { records.append(.synced(synced)) }
        if let stable { records.append(.stable(stable)) }
        return records
    }
}
