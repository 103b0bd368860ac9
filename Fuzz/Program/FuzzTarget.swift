// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Something that takes bytes from others. It traps when a promise is broken; refusing the bytes is keeping it.
struct FuzzTarget: Sendable {
    let name: String
    /// What is given the bytes.
    let about: String
    /// The longest input.
    let bytesMax: Int
    /// The modules whose edges the target is there to reach.
    let modules: [String]
    let seeds: Seeds
    let run: @Sendable (UnsafeRawBufferPointer) -> Void

    /// For scripts/fuzz: the name, the longest input, the modules, what it is.
    var line: String { "\(name) \(bytesMax) \(modules.joined(separator: ",")) \(about)" }
}

/// A target's first inputs.
struct Seeds: Sendable {
    /// Names of frozen vectors, each with what stands before each of its messages.
    var vectors: [(name: String, prefix: Bytes)] = []
    /// Others.
    var made: [Bytes] = []

    static func vectors(_ names: [String], prefix: Bytes = []) -> Seeds {
        Seeds(vectors: names.map { ($0, prefix) })
    }

    static func made(_ inputs: [Bytes]) -> Seeds { Seeds(made: inputs) }

    static func + (left: Seeds, right: Seeds) -> Seeds {
        Seeds(vectors: left.vectors + right.vectors, made: left.made + right.made)
    }
}
