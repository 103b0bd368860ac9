// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes

/// Where a target's first inputs are written, one file each.
struct SeedFolder {
    /// The folder of the frozen vectors.
    let vectors: String
    let folder: String

    func write(_ target: FuzzTarget) throws {
        var inputs = target.seeds.made
        for vector in target.seeds.vectors {
            inputs += try messages(of: vector.name).map { vector.prefix + $0 }
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (place, input) in inputs.enumerated() where input.count <= target.bytesMax {
            try Data(input).write(to: URL(filePath: "\(folder)/seed-\(place)"))
        }
    }

    /// A vector holds several messages in hexadecimal, each after its length of two bytes.
    private func messages(of name: String) throws -> [Bytes] {
        let text = try String(contentsOf: URL(filePath: "\(vectors)/\(name).hex"), encoding: .utf8)
        let digits = text.compactMap(\.hexDigitValue)
        var bytes = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }[...]
        var messages: [Bytes] = []
        while bytes.count >= 2 {
            let length = Int(bytes[bytes.startIndex]) << 8 | Int(bytes[bytes.startIndex + 1])
            messages.append(Bytes(bytes.dropFirst(2).prefix(length)))
            bytes = bytes.dropFirst(2 + length)
        }
        return messages
    }
}
