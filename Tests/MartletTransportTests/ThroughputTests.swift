// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletTransport

/// Sanity only: the figures are printed, and mean something in a release build on a quiet machine.
@Suite(.timeLimit(.minutes(1))) struct ThroughputTests {
    @Test("frames per second, printed", arguments: [1, 100])
    func frames(perBatch: Int) async throws {
        let server = try await TestServer()
        let link = try TestLink(to: server.port)
        await link.states.wait(for: TestLink.connected)
        let batch = [Bytes](repeating: Bytes(repeating: 7, count: 64), count: perBatch)
        let total = perBatch * 200
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<200 { link.link.send(batch) }
        await server.frames.wait(forCount: total)
        let seconds = (clock.now - start) / .seconds(1)
        print("transport: \(Int(Double(total) / seconds)) frames/s of 64 bytes, \(perBatch) handed over at a time")
        await link.link.close()
        await server.listener.close()
    }
}
