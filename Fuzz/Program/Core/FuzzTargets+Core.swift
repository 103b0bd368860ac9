// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire

/// The protocol's core, and the verifier before it.
extension FuzzTargets {
    static let protocolCore = [core, verifier]

    private static let core = FuzzTarget(
        name: "core", about: "a replica's core, whose bytes are a sequence of events", bytesMax: 2048,
        modules: ["MartletCore"],
        seeds: .made(worlds.flatMap { world in [run, views, calculation].map { world + $0 } })
    ) { bytes in
        var world = unsafe CoreWorld(Bytes(bytes))
        world.run()
    }

    /// Groups of each size, that measure or do not, with the first leader or another member; all answers are prompt.
    private static let worlds: [Bytes] = [
        [0, 3, 20, 0, 0, 0, 255, 0], [0, 2, 20, 1, 0, 1, 255, 0], [1, 3, 20, 1, 0, 0, 255, 0],
        [2, 1, 20, 2, 0, 3, 255, 0], [3, 3, 20, 1, 0, 1, 255, 0], [5, 3, 20, 0, 0, 0, 255, 0],
        [6, 3, 20, 1, 0, 2, 255, 255],
    ]

    /// Opens a session and agrees on it, some events of each kind.
    private static let run: Bytes =
        [
            0, 0, 0, 255, 0, 2, 0, 0, 1, 0, 0, 255, 255, 255, 6, 3, 20, 200, 25, 24, 255, 7, 255, 0, 0, 8, 255, 9, 255,
        ] + Bytes((0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37) })

    /// Opens a session, orders three reconfigurations and goes on in the view that follows each.
    private static let views: Bytes =
        [30, 28, 0, 0]
        + (0..<3).flatMap { (turn: UInt8) -> Bytes in
            [
                30, 0, 255, turn + 1, turn * 3, 255, 255, 6, 1, 29, 1, 255, 0, 6, 2, 41, 1, 0, 0, 0, 255, 40, 28, 2, 0,
                0, 0,
            ]
        }

    /// All report, some instances are decided until it is calculated, and beyond; twice.
    private static let calculation: Bytes = (0..<2).flatMap { (turn: UInt8) -> Bytes in
        let reports = (0..<6).flatMap { (place: UInt8) -> Bytes in [0, 255, turn * 90 + place * 7 + 1, 255] }
        let instances = (0..<3).flatMap { _ in [28, 7] + Bytes(repeating: 0, count: 8) }
        return [36, 0, 0, 255, 1, 37, 7, 35, 255] + reports + instances + [38, 40, 28, 1, 0, 0]
    }

    private static let verifier = FuzzTarget(
        name: "verifier", about: "wire bytes from a member or client, verified with real signatures", bytesMax: 4096,
        modules: ["MartletCrypto"], seeds: .made(SignedSamples.inputs)
    ) { bytes in
        guard let first = unsafe bytes.first else { return }
        unsafe SignedSamples.verify(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), from: Int(first))
    }
}
