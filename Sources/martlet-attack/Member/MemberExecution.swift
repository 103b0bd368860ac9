// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletKV
import MartletTransport
import MartletTypes
import MartletWire

/// The execution stage of a hostile member, which is as a replica's: clients are lied to by other means.
struct MemberExecution: ~Copyable {
    /// All connections of clients.
    var clients: [InboundConnection] = []
    private var executor: Executor<KVStateMachine>
    private var effects = ExecutionEffects<KVStateMachine>()
    private var store = SnapshotStore()
    private var newest = NewestSnapshot<KVStateMachine>()
    private var waiting: [UInt64: InboundConnection] = [:]
    private var ticket: UInt64 = 0

    init(view: View) {
        executor = Executor(machine: KVStateMachine(), view: view.number, mode: .voter, settings: view.settings)
    }

    /// Returns what the core is told.
    mutating func carryOut(_ order: ExecutionOrder) -> [Event] {
        if case .install(let state) = order {
            install(state)
        } else {
            executor.carryOut(order, into: &effects)
        }
        for reply in effects.replies { send(.reply(reply), to: reply.request.client) }
        for (ticket, answer) in effects.readAnswers {
            waiting.removeValue(forKey: ticket)?.send([answer.encoded()])
        }
        let again = effects.readsAgain.compactMap { again in
            waiting.removeValue(forKey: again.ticket).map { (again.read, $0) }
        }
        var events = effects.events
        for snapshot in effects.snapshots { events.append(keep(snapshot)) }
        if let forgotten = effects.forgotten { store.forget(forgotten) }
        effects.removeAll()
        for (read, connection) in again { answer(read, to: connection) }
        return events
    }

    /// What others fetch of a checkpoint.
    func serve(_ service: CheckpointService) -> (messages: [PeerMessage], served: CheckpointServed) {
        store.serve(service)
    }

    func lookUp(_ lookUp: ChunkLookUp) -> Event {
        .chunksFound(lookUp.checkpoint, store.chunks(of: lookUp.wanted) { Hashing.digest(ofChunk: $0) })
    }

    mutating func answer(_ read: ReadRequest, to connection: InboundConnection) {
        ticket += 1
        if let answer = executor.answer(read, from: ClientID(connection.peer), ticket: ticket) {
            connection.send([answer.encoded()])
        } else {
            waiting[ticket] = connection
        }
    }

    func send(_ message: ReplicaToClientMessage, to client: ClientID) {
        let frame = message.encoded()
        for connection in clients where connection.peer == client.key { connection.send([frame]) }
    }

    private mutating func install(_ state: CheckpointState) {
        do {
            try executor.install(state.contents.image(), state.contents.reader, into: &effects)
            newest.note(executor.machine.snapshot(), restoredFrom: state.checkpoint)
            store.insert(state.checkpoint, after: state.certificate.instance)
        } catch {
            preconditionFailure("the group agreed on a state that cannot be read: \(error)")
        }
    }

    private mutating func keep(_ snapshot: PendingSnapshot<KVStateMachine>) -> Event {
        let written = newest.write(snapshot, hashing: Hashing.digest(ofChunk:))
        let contents = CheckpointContents(image: snapshot.image(), application: written.chunks)
        let checkpoint = Hashing.hashed(contents, written)
        store.insert(checkpoint, after: snapshot.instance)
        return .snapshotTaken(snapshot.instance, checkpoint.digest)
    }
}
