// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTypes
import MartletWire
import Synchronization

/// Asks every replica, which each answers alone, for as many of the longest reads as its connections take.
final class FloodingReader: Outsider {
    private static let keyCount = 512
    private static let queuedBytesMax = 1 << 20
    private static let readsAtOnce = 512

    private let client: HostileClient
    private let number = Mutex(UInt64(0))

    init(_ access: AttackAccess) { client = HostileClient(access) }

    /// So that there is something to read.
    func prepare() async throws {
        client.start()
        let session = try await client.openSession(1)
        for key in 0..<Self.keyCount {
            client.send([
                client.request(
                    UInt64(key + 1), in: session,
                    .put(key: Bytes("x/read/\(key)".utf8), value: Bytes(repeating: 7, count: 64)))
            ])
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    func act() async throws -> Int {
        var count = 0
        let scan = KVOperation.scan(KVScan(from: [], to: nil, limit: KVLimits.scanItemsMax)).payload
        while client.queuedBytes < Self.queuedBytesMax, count < 8192 {
            let first = number.withLock { number in
                defer { number += UInt64(Self.readsAtOnce) }
                return number
            }
            let frames = (1...UInt64(Self.readsAtOnce)).map { place in
                ClientMessage.read(ReadRequest(number: first + place, query: scan)).encoded()
            }
            for place in 0..<client.view.n { client.send(frames: frames, to: place) }
            count += frames.count
        }
        return count
    }

    func close() async { await client.close() }
}
