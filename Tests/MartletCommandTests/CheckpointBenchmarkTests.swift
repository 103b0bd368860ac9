// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import martlet_cli

@Suite struct CheckpointBenchmarkTests {
    @Test func aCheckpointAfterFewChangesHashesLittle() throws {
        let result = try CheckpointBenchmark(keys: 3_000, valueBytes: 500, changes: [1, 3_000]).run { _ in }
        #expect(result.steps.map(\.name) == ["full", "after 1 changes", "after 3000 changes", "verify", "restore"])
        let (full, few) = (result.steps[0].bytes, result.steps[1].bytes)
        #expect(full > 3_000 * 500 && few > 0 && few < full / 5)
        #expect(result.steps[3].bytes == full && result.steps[4].bytes == full)
        #expect(result.residentBytesMax ?? .max > full)
        #expect(result.text.contains("3000 keys with 500 bytes each"))
    }
}
