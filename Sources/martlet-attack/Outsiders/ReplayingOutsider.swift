// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTypes
import MartletWire
import Synchronization

/// Sends again what was executed long ago, what it recorded of a TLS connection, and what replicas say to each other.
///
/// Its own operations are `increments` additions to one key, so that whoever reads it sees whether one counted twice.
final class ReplayingOutsider: Outsider {
    private static let increments: UInt64 = 50

    private let access: AttackAccess
    private let client: HostileClient
    private let state = Mutex((requests: [Request](), recorded: Bytes(), count: 0))

    init(_ access: AttackAccess) {
        self.access = access
        client = HostileClient(access)
    }

    func prepare() async throws {
        client.start()
        let session = try await client.openSession(1)
        let requests = (1...Self.increments).map {
            client.request($0, in: session, .increment(key: Bytes("x/replayed".utf8), delta: 1))
        }
        client.send(requests)
        let connection = try await RawConnection(to: access.view.members[0].port, identity: access.identity)
        let hello = Hello(group: access.view.group, role: .client, view: access.view.number)
        connection.write(RawConnection.frame(hello.encoded()))
        connection.write(
            RawConnection.frame(
                ClientMessage.requests(RequestBundle(requests: requests, signature: nil)).encoded()))
        try await Task.sleep(for: .milliseconds(300))
        connection.close()
        state.withLock { state in
            state.requests = requests
            state.recorded = connection.recorded.bytes
        }
    }

    func act() async throws -> Int {
        let (requests, recorded, count) = state.withLock { state in
            state.count += 1
            return state
        }
        client.send(requests)
        client.send([client.opening(1)])
        let port = access.view.members[count % access.view.n].port
        if count.isMultiple(of: 4) { await replay(recorded, to: port) }
        if count.isMultiple(of: 10) { await speakAsMember(to: port, count) }
        return requests.count + 1
    }

    func close() async { await client.close() }

    /// The bytes of a connection that went well once.
    private func replay(_ recorded: Bytes, to port: Int) async {
        do {
            let connection = try await RawConnection(to: port)
            connection.write(recorded)
            try await Task.sleep(for: .milliseconds(2))
            connection.close()
        } catch {
            return
        }
    }

    /// What a member might have said, by one who is none: under a member's name, and as a client.
    private func speakAsMember(to port: Int, _ count: Int) async {
        let view = access.view
        let role: Role = count.isMultiple(of: 20) ? .client : .replica(view.members[1].id)
        let stop = PeerMessage.stop(Stop(view: view.number, regency: Regency(2), reason: .requestTimeout))
        do {
            let connection = try await RawConnection(to: port, identity: access.identity)
            let hello = Hello(group: view.group, role: role, view: view.number)
            connection.write(RawConnection.frame(hello.encoded()) + RawConnection.frame(stop.encoded()))
            try await Task.sleep(for: .milliseconds(20))
            connection.close()
        } catch {
            return
        }
    }
}
