// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// One call in a history, as an observer outside of the system has it. Positions count calls and returns in the order in
/// which they were seen; nothing else is known of time.
package struct CallRecord: Hashable, Sendable {
    package let id: OperationID
    package let operation: Operation
    /// What the caller was told. Nil: the outcome is not known, any would do.
    package let outcome: ServiceAnswer?
    package let begin: Int
    /// It took effect by then, if ever. Nil: it may take effect at any time after its beginning, or never.
    package let end: Int?

    package init(id: OperationID, operation: Operation, outcome: ServiceAnswer?, begin: Int, end: Int?) {
        self.id = id
        self.operation = operation
        self.outcome = outcome
        self.begin = begin
        self.end = end
    }

    /// Whatever the state is, it changes nothing: with a known outcome it only looks.
    var isLook: Bool {
        if operation.isRead { return true }
        if case .swap = operation, case .mismatch = outcome { return true }
        return false
    }

    /// Nothing can be learned from it.
    var isIdle: Bool { outcome == nil && operation.isRead }
}
