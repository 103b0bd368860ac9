// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTypes
import Synchronization

/// Sends each request to one replica only, in turn, or to each replica another one under the same name.
final class PartialClient: Outsider {
    private let client: HostileClient
    private let state = Mutex((session: SessionID.none, sequence: UInt64(0)))

    init(_ access: AttackAccess) { client = HostileClient(access) }

    func prepare() async throws {
        client.start()
        let session = try await client.openSession(1)
        state.withLock { $0.session = session }
    }

    func act() async throws -> Int {
        let (session, sequence) = state.withLock { state in
            state.sequence += 1
            return state
        }
        let n = client.view.n
        if sequence.isMultiple(of: 2) {
            client.send([request(sequence, session, 0)], to: Int(sequence / 2) % n)
        } else {
            for place in 0..<n { client.send([request(sequence, session, place)], to: place) }
        }
        return 1
    }

    func close() async { await client.close() }

    private func request(_ sequence: UInt64, _ session: SessionID, _ variant: Int) -> Request {
        client.request(
            sequence, in: session, .put(key: Bytes("x/partial".utf8), value: Bytes("\(sequence) \(variant)".utf8)))
    }
}
