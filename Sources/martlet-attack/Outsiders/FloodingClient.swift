// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTypes
import Synchronization

/// Sends as many requests as its connections take, in many sessions, waiting for no answer.
final class FloodingClient: Outsider {
    private static let sessionCount = 32
    private static let requestsAtOnce = 64
    private static let queuedBytesMax = 4 << 20
    private static let value = Bytes(repeating: 7, count: 256)

    private let client: HostileClient
    private let state = Mutex((sessions: [SessionID](), sequence: UInt64(1)))

    init(_ access: AttackAccess) { client = HostileClient(access) }

    func prepare() async throws {
        client.start()
        for number in 1...Self.sessionCount {
            let session = try await client.openSession(UInt64(number))
            state.withLock { $0.sessions.append(session) }
        }
    }

    func act() async throws -> Int {
        var count = 0
        while client.queuedBytes < Self.queuedBytesMax, count < 8192 {
            let (sessions, first) = state.withLock { state in
                defer { state.sequence += UInt64(Self.requestsAtOnce) }
                return state
            }
            for session in sessions {
                client.send(
                    (0..<UInt64(Self.requestsAtOnce)).map { place in
                        client.request(
                            first + place, in: session, .put(key: Bytes("x/flood".utf8), value: Self.value))
                    })
                count += Self.requestsAtOnce
            }
        }
        return count
    }

    func close() async { await client.close() }
}
