// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTypes
import MartletWire
import Synchronization

/// Opens sessions without end, announces frames that are too long or never come, and leaves large requests with one
/// replica each, where they wait for ever.
final class ExhaustingOutsider: Outsider {
    private static let openingsPerStep = 100
    private static let bodyBytes = 1 << 19
    private static let connectionsMax = 64

    private struct State {
        var session = SessionID.none
        var number: UInt64 = 1
        var count = 0
        var connections: [RawConnection] = []
    }

    private let access: AttackAccess
    private let client: HostileClient
    private let state = Mutex(State())

    init(_ access: AttackAccess) {
        self.access = access
        client = HostileClient(access)
    }

    func prepare() async throws {
        client.start()
        let session = try await client.openSession(1)
        state.withLock { $0.session = session }
    }

    func act() async throws -> Int {
        let (session, number, count) = state.withLock { state in
            state.count += 1
            defer { state.number += UInt64(Self.openingsPerStep) }
            return (state.session, state.number, state.count)
        }
        guard client.queuedBytes < 8 << 20 else { return 0 }
        client.send((1...UInt64(Self.openingsPerStep)).map { client.opening(number + $0) })
        if count.isMultiple(of: 2) {
            let operation = KVOperation.put(
                key: Bytes("x/large".utf8), value: Bytes(repeating: 1, count: Self.bodyBytes))
            client.send([client.request(UInt64(count), in: session, operation)], to: count / 2 % access.view.n)
        }
        if count.isMultiple(of: 10) { await announce(count) }
        return Self.openingsPerStep + 1
    }

    func close() async {
        for connection in state.withLock({ $0.connections }) { connection.close() }
        await client.close()
    }

    /// A frame as long as may be, of which a part comes.
    private func announce(_ count: Int) async {
        let hello = Hello(group: access.view.group, role: .client, view: access.view.number)
        let length = count.isMultiple(of: 20) ? UInt32.max : UInt32(Limits.clientFrameBytes.max)
        do {
            let connection = try await RawConnection(
                to: access.view.members[count / 10 % access.view.n].port, identity: access.identity)
            connection.write(
                RawConnection.frame(hello.encoded()) + RawConnection.header(length)
                    + Bytes(repeating: 0, count: 2 << 20))
            let old = state.withLock { state in
                state.connections.append(connection)
                return state.connections.count > Self.connectionsMax ? state.connections.removeFirst() : nil
            }
            old?.close()
        } catch {
            return
        }
    }
}
