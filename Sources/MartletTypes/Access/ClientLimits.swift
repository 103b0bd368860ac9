// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// How much of a group one client may have. 0 stands for the group's own bound; anything else takes its place, be it lower or
/// higher, but never passes what all clients together may have.
package struct ClientLimits: Hashable, Sendable {
    package static let none = ClientLimits()

    /// The most sessions: its oldest is evicted when it opens one more.
    package let sessionsMax: UInt32
    /// The most of its requests in one batch. A replica reads nothing more from it while twice as many wait.
    package let batchRequestsMax: UInt32
    /// The most bytes of their payload in one batch; one larger request still goes.
    package let batchBytesMax: UInt32

    package init(sessionsMax: UInt32 = 0, batchRequestsMax: UInt32 = 0, batchBytesMax: UInt32 = 0) {
        self.sessionsMax = sessionsMax
        self.batchRequestsMax = batchRequestsMax
        self.batchBytesMax = batchBytesMax
    }

    /// Says which of them no group could have; nil when all can be.
    package var complaint: String? {
        let bounds: [(String, UInt32, UInt32)] = [
            ("sessions", sessionsMax, 1_048_576), ("requests in one batch", batchRequestsMax, 16_384),
            ("bytes in one batch", batchBytesMax, 16 << 20),
        ]
        for (name, value, most) in bounds where value > most {
            return "a client's \(name) can be limited to \(most) at most, not \(value)"
        }
        return nil
    }

    package func sessions(in settings: GroupSettings) -> Int {
        sessionsMax == 0 ? settings.sessionsPerClientMax : min(Int(sessionsMax), settings.sessionsMax)
    }

    /// Of one batch.
    package func share(in settings: GroupSettings) -> (requests: Int, bytes: Int) {
        let usual = settings.clientShare
        return (
            batchRequestsMax == 0 ? usual.requests : min(Int(batchRequestsMax), settings.batchRequestsMax),
            batchBytesMax == 0 ? usual.bytes : min(Int(batchBytesMax), settings.batchBytesMax)
        )
    }
}
