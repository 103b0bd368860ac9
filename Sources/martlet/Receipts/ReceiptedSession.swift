// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes
import Synchronization

/// A session whose operations are signed by the group; keeps the newest receipt.
final class ReceiptedSession: RequestSubmitter {
    private let session: ClientSession
    private let newest = Mutex<Receipt?>(nil)

    init(_ session: ClientSession) { self.session = session }

    /// Of the last operation; nil when that has none.
    var receipt: Receipt? { newest.withLock { $0 } }

    func submit(_ operation: Bytes) async throws -> Bytes {
        newest.withLock { $0 = nil }
        let found = await session.executeForReceipt(operation)
        newest.withLock { $0 = found.receipt }
        return try found.outcome.get()
    }

    func read(_ query: Bytes) async throws -> Bytes { try await session.read(query) }
}
