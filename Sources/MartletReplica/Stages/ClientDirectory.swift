// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTransport
import MartletTypes
import MartletWire
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
        /// Nothing is read from it, whichever connection it comes by.
        var isHeld = false
    }

    /// How long a client is not read from for each request that was refused: who keeps to the limits is refused hardly
    /// ever and does not feel it, and who ignores them is slowed down to some thousands of requests a second.
    static let pausePerRefusal = Interval.microseconds(200)
    /// The longest such pause, so that nobody is lost for being refused a great deal once.
    static let pauseMax = Interval.seconds(1)

    private let entries = Mutex<[ClientID: Entry]>([:])

    // MARK: - From the event loops

    func opened(_ connection: InboundConnection, of client: ClientID) {
        entries.withLock { entries in
            entries[client, default: Entry(connections: [])].connections.append(connection)
            if entries[client]?.isHeld == true { connection.pauseReading() }
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

    private func connections(of client: ClientID) -> [InboundConnection] {
        entries.withLock { $0[client]?.connections ?? [] }
    }

    /// Reads nothing more from this client, or reads again. A client that has gone is not held any more.
    func hold(_ client: ClientID, _ isHeld: Bool) {
        entries.withLock { entries in
            guard let entry = entries[client], entry.isHeld != isHeld else { return }
            entries[client]?.isHeld = isHeld
            for connection in entry.connections {
                if isHeld { connection.pauseReading() } else { connection.resumeReading() }
            }
        }
    }

    /// Sends those that are served no longer what waits for them, and closes their connections.
    func close(unless isServed: (ClientID) -> Bool) {
        let closed = entries.withLock { entries in
            entries.filter { client, _ in !isServed(client) }.flatMap(\.value.connections)
        }
        for connection in closed { connection.close() }
    }

    func sendToAll(_ frame: Bytes) {
        let all = entries.withLock { entries in entries.values.flatMap(\.connections) }
        for connection in all { connection.send([frame]) }
    }

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

extension ClientDirectory {
    /// Tells clients what was refused, and reads nothing from them for a while: the network then slows them down, before
    /// what they send costs more than its refusal.
    func refuse(_ refusals: [ClientRefusal]) {
        guard !refusals.isEmpty else { return }
        send(
            refusals.map { refusal in
                (refusal.refusal.request, ReplicaToClientMessage.refusal(refusal.refusal).encoded())
            })
        var counts: [ClientID: UInt64] = [:]
        for refusal in refusals {
            switch refusal.refusal.reason {
            // Too old: it was ordered long ago and is read late by a replica that is late, and must not become later still.
            // To be signed: that is the leader's doing.
            case .sequenceTooOld, .signatureRequired: break
            default: counts[refusal.client, default: 0] += 1
            }
        }
        for (client, count) in counts {
            for connection in connections(of: client) {
                connection.pauseReading(for: Self.pausePerRefusal * count, within: Self.pauseMax)
            }
        }
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
