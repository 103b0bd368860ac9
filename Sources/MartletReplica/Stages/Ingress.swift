// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTransport
import MartletTypes
import MartletWire

/// The first stage, on the connections' event loops: frames become messages, and a connection is not read while too
/// much waits.
struct Ingress<Machine: StreamingStateMachine>: Sendable {
    let admission: Admission
    let mailboxes: StageMailboxes<Machine>
    let clients: ClientDirectory
    let inbound: InboundPeers
    let drops: DropLog
    let logger: Logger

    var handlers: ListenerHandlers {
        ListenerHandlers(
            authenticate: { hello, key in admission.judge(hello, key) },
            onOpen: { connection in opened(connection) },
            onFrames: { connection, batch in received(batch, by: connection) },
            onClose: { connection, end in closed(connection, end) })
    }

    private func opened(_ connection: InboundConnection) {
        switch connection.hello.role {
        case .replica(let id): inbound.opened(connection, of: id, at: SystemClock.monotonic)
        case .client:
            clients.opened(connection, of: ClientID(connection.peer))
            logger.debug("client \(connection.peer) connected from \(connection.remoteAddress)")
            // It may have been expelled since it was greeted.
            if !admission.served.serves(ClientID(connection.peer)) { connection.close() }
        }
    }

    private func closed(_ connection: InboundConnection, _ end: ConnectionEnd) {
        switch connection.hello.role {
        case .replica(let id): inbound.closed(connection, of: id)
        case .client:
            clients.closed(connection, of: ClientID(connection.peer))
            logger.debug("client \(connection.peer) from \(connection.remoteAddress) is gone: \(end)")
        }
    }

    private func received(_ batch: FrameBatch, by connection: InboundConnection) {
        var admitted = Admitted()
        switch connection.hello.role {
        case .replica(let id): decode(batch, from: id, by: connection, into: &admitted)
        case .client: decode(batch, from: ClientID(connection.peer), by: connection, into: &admitted)
        }
        pass(admitted, bytes: batch.byteCount, connection)
    }

    // MARK: - Decoding

    /// What asks for views is answered at once, by the same connection.
    private func decode(
        _ batch: FrameBatch, from replica: ReplicaID, by connection: InboundConnection, into admitted: inout Admitted
    ) {
        batch.forEach { span in
            do {
                let message = try PeerMessage(decoding: span)
                if !inbound.isProved(connection, of: replica) {
                    admission.admitProof(message, from: replica, by: connection, into: &admitted)
                } else if case .fetchViews(let fetch) = message {
                    inbound.answer(fetch, of: replica, by: connection, at: SystemClock.monotonic)
                } else {
                    admission.admit(message, from: replica, holding: connection.peer, into: &admitted)
                }
            } catch {
                drops.dropped(from: .replica(replica), because: "it is no message: \(error)")
            }
        }
    }

    /// A client that sends what is no message is not one of ours: it is cut off, and harms nobody else.
    private func decode(
        _ batch: FrameBatch, from client: ClientID, by connection: InboundConnection,
        into admitted: inout Admitted
    ) {
        batch.forEach { span in
            do {
                admission.admit(try ClientMessage(decoding: span), from: client, by: connection, into: &admitted)
            } catch {
                drops.dropped(from: .client(client), because: "it is no message: \(error)")
                connection.abort(.failed("it sent what is no message: \(error)"))
            }
        }
    }

    // MARK: - Passing on

    private func pass(_ admitted: Admitted, bytes: Int, _ connection: InboundConnection) {
        let lane: Lane =
            switch connection.hello.role {
            case .replica: .replicas
            case .client: .clients
            }
        if !admitted.ordering.isEmpty {
            pass(admitted.ordering, bytes, lane, to: mailboxes.ordering, connection)
        }
        if !admitted.reads.isEmpty {
            pass([.reads(admitted.reads, connection)], bytes, lane, to: mailboxes.execution, connection)
        }
        if !admitted.receipts.isEmpty {
            pass([.receipts(admitted.receipts, connection)], bytes, lane, to: mailboxes.execution, connection)
        }
        if !admitted.verification.isEmpty {
            pass(admitted.verification, bytes, lane, to: mailboxes.verification, connection)
        }
    }

    private func pass<Element>(
        _ elements: [Element], _ bytes: Int, _ lane: Lane, to mailbox: Mailbox<Element>,
        _ connection: InboundConnection
    ) {
        guard !mailbox.post(elements, bytes: bytes, lane: lane) else { return }
        connection.pauseReading()
        mailbox.hold { connection.resumeReading() }
    }
}
