// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a service, and where it showed.
public struct ServiceFinding: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// Two machines gave different results to one operation.
        case resultsDiffer
        /// Two machines answered one query differently, or named different versions.
        case answersDiffer
        /// A read named a version that is beyond the newest instance.
        case versionIsLater
        /// Equal states were written as different chunks.
        case chunksDiffer
        /// A snapshot changed while the service ran on.
        case snapshotChanges
        /// The service cannot restore what it wrote.
        case restoringFailed
        /// A damaged snapshot was restored, and is not what is written of the state that it gave.
        case damageIsAccepted
        /// After `beginAnew` a read names an instance of the group before.
        case formerInstancesStay
        /// A result or an answer has more than 8 MiB.
        case resultIsTooLong
    }

    public let kind: Kind
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
