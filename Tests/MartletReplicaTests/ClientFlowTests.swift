// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletReplica

/// How much waits here of a client before nothing is read from it.
@Suite struct ClientFlowTests {
    private let client = ClientID(PublicKey(words: Words32(1, 1, 1, 1)))

    private func settings(batchRequestsMax: Int) -> GroupSettings {
        var settings = GroupSettings()
        settings.batchRequestsMax = batchRequestsMax
        return settings
    }

    private func isHeld(_ flow: inout ClientFlow, with requests: Int) -> Bool {
        flow.received(from: .client(client))
        flow.settle { _ in (requests, 0) }
        return flow.held == [client]
    }

    /// A client's share is a quarter of a batch.
    @Test func aClientIsHeldAboveTwoSharesAndReadAgainAtOne() {
        var flow = ClientFlow(clients: ClientDirectory(), settings: settings(batchRequestsMax: 40))
        #expect(!isHeld(&flow, with: 20))
        #expect(isHeld(&flow, with: 21))
        #expect(isHeld(&flow, with: 11))
        #expect(!isHeld(&flow, with: 10))
    }

    /// So that whoever may have more of a batch is read from for as long as a leader proposes that much of it.
    @Test func aClientWithLimitsOfItsOwnIsHeldAboveTwiceThose() {
        for (limit, mark) in [(5, 5), (30, 30), (1_000, 40)] as [(UInt32, Int)] {
            var flow = ClientFlow(clients: ClientDirectory(), settings: settings(batchRequestsMax: 40))
            func isHeld(with requests: Int) -> Bool {
                flow.received(from: .client(client))
                flow.settle(
                    limits: { _ in ClientLimits(batchRequestsMax: limit) }, pending: { _ in (requests, 0) })
                return flow.held == [client]
            }
            #expect(!isHeld(with: 2 * mark))
            #expect(isHeld(with: 2 * mark + 1))
            #expect(isHeld(with: mark + 1))
            #expect(!isHeld(with: mark))
        }
    }

    /// With the marks of the view before, this replica would not read what the leader proposes next, and wait for it.
    @Test func aViewWithLargerBatchesHoldsBackNobodyWhoseShareTheyAre() {
        var flow = ClientFlow(clients: ClientDirectory(), settings: settings(batchRequestsMax: 40))
        #expect(isHeld(&flow, with: 100))
        flow.begin(settings(batchRequestsMax: 400))
        #expect(!isHeld(&flow, with: 100))
        #expect(!isHeld(&flow, with: 200))
        #expect(isHeld(&flow, with: 201))
        flow.begin(settings(batchRequestsMax: 40))
        #expect(isHeld(&flow, with: 100))
        #expect(!isHeld(&flow, with: 10))
    }
}
