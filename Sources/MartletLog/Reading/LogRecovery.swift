// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What was found when a log was opened.
package struct LogRecovery: Hashable, Sendable {
    /// Nothing was there: the first start, or everything is gone.
    package internal(set) var isNew = false
    package internal(set) var findings: [LogFinding] = []
    /// How many records were handed out.
    package internal(set) var records = 0
    /// Of the records handed out.
    package internal(set) var highestInstance: Instance?

    /// Something that was durable is gone. Who wrote it does not know any more what it has said.
    package var isDamaged: Bool { findings.contains { $0.isDamage } }
}
