// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire
import Synchronization

/// The connections that other replicas have made to this one. They are for what those send; the other way travel proofs of views alone,
/// since whoever has slept or was removed, or comes anew, may have no other connection with anybody.
final class InboundPeers: Sendable {
    /// Between two times that one replica is told of views.
    private static let pace = Interval.milliseconds(50)
    /// The most that is told at once, when as much as that is not on its way yet.
    private static let partsMax = 16
    private static let queuedBytesMax = Limits.viewChainFrameBytes.max
    private static let keyReplaced = ConnectionEnd.failed("the group has replaced its key")

    private struct State {
        /// Of each that is connected, the oldest first; the transport keeps few of one key.
        var connections: [ReplicaID: [InboundConnection]] = [:]
        /// When each that ever was was told last: no more than there are ids, and whoever dials again and again is told no more often.
        var told: [ReplicaID: Instant] = [:]
    }

    private let views: KnownViews
    private let state = Mutex(State())

    init(views: KnownViews) { self.views = views }

    // MARK: - From the event loops

    /// One that knows less is told at once what it lacks.
    func opened(_ connection: InboundConnection, of replica: ReplicaID, at now: Instant) {
        state.withLock { $0.connections[replica, default: []].append(connection) }
        // A view may have given that replica another key since the handshake.
        guard isProved(connection, of: replica) || connection.hello.view > views.newest.number else {
            return connection.abort(Self.keyReplaced)
        }
        if connection.hello.view < views.newest.number, isDue(replica, at: now) {
            tell(connection, after: connection.hello.view)
        }
    }

    /// Whether the known views list that replica with the key of the connection. Otherwise it may only prove that they will.
    func isProved(_ connection: InboundConnection, of replica: ReplicaID) -> Bool {
        views.listing(of: replica)?.member.key == connection.peer
    }

    func closed(_ connection: InboundConnection, of replica: ReplicaID) {
        state.withLock { state in
            state.connections[replica]?.removeAll { $0.id == connection.id }
            if state.connections[replica]?.isEmpty == true { state.connections[replica] = nil }
        }
    }

    /// Answers on the connection by which it was asked: there may be no other.
    func answer(_ fetch: FetchViews, of replica: ReplicaID, by connection: InboundConnection, at now: Instant) {
        if isDue(replica, at: now) { tell(connection, after: fetch.after) }
    }

    private func isDue(_ replica: ReplicaID, at now: Instant) -> Bool {
        state.withLock { state in
            if let told = state.told[replica], now < told + Self.pace { return false }
            state.told[replica] = now
            return true
        }
    }

    /// In as many parts as travel, but no more than what fits; whoever wants more asks for it.
    private func tell(_ connection: InboundConnection, after number: ViewNumber) {
        var number = number
        for _ in 0..<Self.partsMax where connection.queuedBytes < Self.queuedBytesMax {
            let part = views.chain(after: number)
            guard let last = part.certificates.last else { return }
            connection.send([PeerMessage.views(part).encoded()])
            number = last.next.number
        }
    }

    // MARK: - From the ordering stage

    /// To one that this replica has no link to; nothing when it is not connected.
    func send(_ part: ViewChainPart, to replica: ReplicaID) {
        let key = views.listing(of: replica)?.member.key
        let connection = state.withLock { $0.connections[replica]?.last { $0.peer == key } }
        guard let connection, connection.queuedBytes < Self.queuedBytesMax else { return }
        connection.send([PeerMessage.views(part).encoded()])
    }

    /// A view has begun. Whose key it has replaced is not listened to any longer: the old key may be in others' hands.
    func dropReplacedKeys() {
        let dropped = state.withLock { state in
            state.connections.flatMap { replica, connections in
                let key = views.listing(of: replica)?.member.key
                return connections.filter { $0.peer != key }
            }
        }
        for connection in dropped { connection.abort(Self.keyReplaced) }
    }
}
