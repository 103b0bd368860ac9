// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Synchronization

/// Connects and sends noise: before TLS, instead of a greeting, and as a client whose frames are no messages.
final class GarblingOutsider: Outsider {
    private let access: AttackAccess
    private let state = Mutex((open: [RawConnection](), count: 0))

    init(_ access: AttackAccess) { self.access = access }

    func act() async throws -> Int {
        let count = state.withLock { state in
            state.count += 1
            return state.count
        }
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let port = access.view.members[count % access.view.n].port
        await add(port, nil, noise)
        await add(
            port, nil, [0x16, 0x03, 0x01, 0x01, 0x00, 0x01, 0x00, 0x00, 0xfc, 0x03, 0x03] + noise.prefix(count % 200))
        if count.isMultiple(of: 4) { await add(port, access, afterTLS(count / 4, noise)) }
        closeOld()
        return 2
    }

    func close() async {
        for connection in state.withLock({ $0.open }) { connection.close() }
    }

    private func afterTLS(_ count: Int, _ noise: Bytes) -> Bytes {
        let hello = Hello(group: access.view.group, role: .client, view: access.view.number)
        let greeting = RawConnection.frame(hello.encoded())
        return switch count % 4 {
        case 0: RawConnection.frame(Bytes(noise.prefix(100)))
        case 1: greeting + RawConnection.frame(noise)
        case 2: greeting + RawConnection.header(.max) + noise
        default: greeting.dropLast() + noise
        }
    }

    /// A connection that is refused is one that did its work.
    private func add(_ port: Int, _ access: AttackAccess?, _ bytes: Bytes) async {
        do {
            let connection = try await RawConnection(to: port, identity: access?.identity)
            connection.write(bytes)
            state.withLock { $0.open.append(connection) }
        } catch {
            return
        }
    }

    private func closeOld() {
        let old = state.withLock { state in
            defer { state.open.removeFirst(min(state.open.count, max(0, state.open.count - 512))) }
            return Array(state.open.prefix(max(0, state.open.count - 512)))
        }
        for connection in old { connection.close() }
    }
}
