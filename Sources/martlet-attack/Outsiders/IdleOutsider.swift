// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Synchronization

/// Holds as many connections as it can and says nothing on them, or a byte now and then: before TLS, in its middle, and
/// as a client in the middle of a frame.
final class IdleOutsider: Outsider {
    private static let connectionsMax = 4000
    private static let dripsPerStep = 40

    private struct State {
        var open: [(connection: RawConnection, isClient: Bool)] = []
        var count = 0
        var dripping = 0
    }

    private let access: AttackAccess
    private let state = Mutex(State())

    init(_ access: AttackAccess) { self.access = access }

    func act() async throws -> Int {
        for _ in 0..<8 { await addConnection() }
        return 8 + drip()
    }

    func close() async {
        for entry in state.withLock({ $0.open }) { entry.connection.close() }
    }

    private func addConnection() async {
        let (count, isFull) = state.withLock { state in
            state.count += 1
            if state.open.count >= Self.connectionsMax { state.open.removeAll { !$0.connection.isOpen } }
            return (state.count, state.open.count >= Self.connectionsMax)
        }
        guard !isFull else { return }
        let port = access.view.members[count % access.view.n].port
        // A handshake costs both ends a millisecond: that would be a flood, and this is none.
        let isClient = (count / access.view.n).isMultiple(of: 16)
        do {
            let connection = try await RawConnection(to: port, identity: isClient ? access.identity : nil)
            if isClient {
                let hello = Hello(group: access.view.group, role: .client, view: access.view.number)
                connection.write(RawConnection.frame(hello.encoded()) + RawConnection.header(1 << 20))
            } else if count % 3 == 0 {
                connection.write([0x16, 0x03, 0x01])
            }
            state.withLock { $0.open.append((connection, isClient)) }
        } catch {
            return
        }
    }

    /// One byte on some of them.
    private func drip() -> Int {
        let some = state.withLock { state in
            guard !state.open.isEmpty else { return [RawConnection]() }
            return (0..<Self.dripsPerStep).map { _ in
                state.dripping = (state.dripping + 1) % state.open.count
                return state.open[state.dripping].connection
            }
        }
        for connection in some where connection.isOpen { connection.write([0x01]) }
        return some.count
    }
}
