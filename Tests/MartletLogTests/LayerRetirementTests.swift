// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletLog

@Suite struct LayerRetirementTests {
    /// The product of two layers' sizes did not fit into an integer, and the replica trapped at each checkpoint.
    @Test func layersOfAnySizeAreRanked() {
        let checkpoint = SampleCheckpoint.versions([1, 2, 3])
        let digests = checkpoint.manifest.digests
        let places = (0..<3).map { place in
            ChunkPlace(layer: LayerNumber(UInt64(place + 1)), offset: 62, bytes: (3 + place) << 30, checksum: 0)
        }
        let layers = (0..<3).map { (number: LayerNumber(UInt64($0 + 1)), bytes: (16 - 2 * $0) << 30) }
        var settings = SnapshotSettings()
        settings.rewrittenBytes = 4 << 30
        let plan = LayerPlan(
            checkpoint, into: LayerNumber(4), known: Dictionary(uniqueKeysWithValues: zip(digests, places)),
            layers: layers, settings, isTight: false)
        // The one that frees the most for what it costs.
        #expect(plan.written == [0])
    }
}
