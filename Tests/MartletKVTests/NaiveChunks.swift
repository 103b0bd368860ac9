// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

@testable import MartletKV

/// What a snapshot's chunks are, as plainly as it can be said: one list of entries, cut from the front.
func naiveChunks(_ model: NaiveModel, _ chunking: KVChunking) -> [Bytes] {
    func number(_ value: Int, _ count: Int) -> Bytes {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var chunks = [[2] + number(Int(model.lastDeletion), 8) + number(model.values.count, 4)]
    var chunk: Bytes = []
    for key in model.values.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        let (value, version) = (model.values[key] ?? [], model.versions[key] ?? 0)
        chunk += number(key.count, 4) + key + number(value.count, 4) + value + number(Int(version), 8)
        let isBoundary = chunking.isBoundary(KVKey(key))
        guard chunk.count >= chunking.bytesMax || (chunk.count >= chunking.bytesMin && isBoundary) else { continue }
        chunks.append(chunk)
        chunk = []
    }
    return chunk.isEmpty ? chunks : chunks + [chunk]
}
