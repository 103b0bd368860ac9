// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletReplica

/// Clients that ask real replicas for more than their due.
@Suite(.serialized) struct ReceiptAskingTests {
    @Test func aReplicaSignsForWhoseRequestItIsAndNotWithoutEnd() async throws {
        let group = try await TestGroup()
        try group.start(0..<4)
        let (owner, stranger) = (try RawClient(group: group), try RawClient(group: group))
        let session = try await owner.open()
        #expect(try await owner.put("a=1", in: session) == "")
        // The opening was its first request.
        let id = RequestID(client: owner.client, session: session, sequence: SequenceNumber(2))
        _ = try await stranger.open()
        stranger.askForReceipt(of: id)
        stranger.askForReceipt(
            of: RequestID(client: stranger.client, session: session, sequence: SequenceNumber(2)))
        for _ in 0..<20 {
            owner.askForReceipt(of: id, times: 500)
            try await Task.sleep(for: .milliseconds(50))
        }
        for member in try group.view.members {
            let shares = owner.shares(of: member.id)
            #expect(stranger.shares(of: member.id).isEmpty)
            // A second has passed, or some, and ten thousand questions for each.
            #expect((1...9_000).contains(shares.count), "replica \(member.id): \(shares.count)")
            #expect(Set(shares.map(\.statement)).count == 1 && shares.allSatisfy { $0.request == id })
        }
        // Meanwhile it serves.
        #expect(try await owner.put("a=2", in: session) == "1")
        await owner.close()
        await stranger.close()
        try await group.stopAll()
    }
}
