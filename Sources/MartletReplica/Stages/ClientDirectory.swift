// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTransport
import MartletTypes
import Synchronization

/// Which connections a client has, so that its replies find it.
///
/// A client usually has one. One that has several, all with the same key, gets each reply on the connection that the
/// session's latest request came by, and on all of them where that is not known.
final class ClientDirectory: Sendable {
    /// Above this many sessions of one client with several connections it is forgotten who came by which.
    private static let routesMax = 4096

    private struct Entry {
        var connections: [InboundConnection]
        var routes: [SessionID: InboundConnection] = [:]
    }

    private let entries = Mutex<[ClientID: Entry]>([:])

    // MARK: - From the event loops

    func opened(_ connection: InboundConnection, of client: ClientID) {
        entries.withLock { entries in
            entries[client, default: Entry(connections: [])].connections.append(connection)
        }
    }

    func closed(_ connection: InboundConnection, of client: ClientID) {
        entries.withLock { entries in
            guard var entry = entries.removeValue(forKey: client) else { return }
            entry.connections.removeAll { $0.id == connection.id }
            guard !entry.connections.isEmpty else { return }
            entry.routes = entry.routes.filter { $0.value.id != connection.id }
            entries[client] = entry
        }
    }

    /// Requests of this session came by this connection.
    func received(in session: SessionID, of client: ClientID, by connection: InboundConnection) {
        entries.withLock { entries in
            guard let count = entries[client]?.connections.count, count > 1, session != .none else { return }
            if entries[client]?.routes.count ?? 0 >= Self.routesMax { entries[client]?.routes.removeAll() }
            entries[client]?.routes[session] = connection
        }
    }

    // MARK: - From the stages

    /// Sends each message to the client whose request it answers, those for one connection together.
    func send(_ messages: [(request: RequestID, frame: Bytes)]) {
        guard !messages.isEmpty else { return }
        var parcels = Parcels()
        entries.withLock { entries in
            for message in messages {
                // A client that has gone asks again when it is back.
                guard let entry = entries[message.request.client] else { continue }
                if entry.connections.count == 1 {
                    parcels.add(message.frame, for: entry.connections[0])
                } else if let connection = entry.routes[message.request.session] {
                    parcels.add(message.frame, for: connection)
                } else {
                    for connection in entry.connections { parcels.add(message.frame, for: connection) }
                }
            }
        }
        parcels.send()
    }
}

/// Frames sorted by the connection that they go to.
struct Parcels {
    private var parcels: [(connection: InboundConnection, frames: [Bytes])] = []
    private var places: [ConnectionID: Int] = [:]

    mutating func add(_ frame: Bytes, for connection: InboundConnection) {
        // Mostly the same connection as before.
        if !parcels.isEmpty, parcels[parcels.count - 1].connection.id == connection.id {
            parcels[parcels.count - 1].frames.append(frame)
        } else if let place = places[connection.id] {
            parcels[place].frames.append(frame)
        } else {
            places[connection.id] = parcels.count
            parcels.append((connection, [frame]))
        }
    }

    /// Sends everything, and is empty again.
    mutating func send() {
        for parcel in parcels { parcel.connection.send(parcel.frames) }
        parcels.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }
}
