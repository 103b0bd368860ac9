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
        modules: ["MartletCore"], seeds: .made([0, 1, 3, 5].map { shape in Bytes([shape, 3, 20, 0, 0, 255]) + run })
    ) { bytes in
        var world = unsafe CoreWorld(Bytes(bytes))
        world.run()
    }

    /// Opens a session and agrees on it, some events of each kind.
    private static let run: Bytes =
        [
            0, 0, 0, 255, 0, 2, 0, 0, 1, 0, 0, 255, 255, 255, 6, 3, 20, 200, 25, 24, 255, 7, 255, 0, 0, 8, 255, 9, 255,
        ] + Bytes((0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37) })

    private static let verifier = FuzzTarget(
        name: "verifier", about: "wire bytes from a member or client, verified with real signatures", bytesMax: 4096,
        modules: ["MartletCrypto"], seeds: .made(SignedSamples.inputs)
    ) { bytes in
        guard let first = unsafe bytes.first else { return }
        unsafe SignedSamples.verify(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), from: Int(first))
    }
}
