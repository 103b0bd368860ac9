// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What becomes of bytes in the hands of those who mean harm.
enum Damage {
    /// Random bytes, a part, something behind, a byte changed.
    static func damaged(_ bytes: Bytes, _ random: inout CheckRandom) -> Bytes {
        var result = bytes
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            return (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 1: return Bytes(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
        case 2: return bytes + [UInt8.random(in: 0...255, using: &random)]
        default:
            guard !bytes.isEmpty else { return [0] }
            result[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            return result
        }
    }

    /// A chunk damaged, left out, twice, or in another's place; all left out.
    static func damaged(_ chunks: [Bytes], _ random: inout CheckRandom) -> [Bytes] {
        guard !chunks.isEmpty else { return [damaged([], &random)].filter { !$0.isEmpty } }
        var result = chunks
        let place = Int.random(in: 0..<chunks.count, using: &random)
        switch Int.random(in: 0..<12, using: &random) {
        case 0: result.remove(at: place)
        case 1: result.insert(chunks[place], at: place)
        case 2: result.swapAt(place, Int.random(in: 0..<chunks.count, using: &random))
        case 3: result = []
        default: result[place] = damaged(chunks[place], &random)
        }
        return result.filter { !$0.isEmpty }
    }
}
