// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCrypto
import MartletKV
import MartletTransport
import MartletTypes
import MartletWire
import NIOCore
import NIOPosix
import Synchronization

/// A client's connections and names, without a client's rules.
final class HostileClient: Sendable {
    struct NoSession: Error {}

    let id: ClientID
    let view: View
    private let links: [PeerLink]
    private let sessions: Arrived

    /// Opened sessions, by the number of the request that opened them.
    private final class Arrived: Sendable {
        let sessions = Mutex<[SequenceNumber: SessionID]>([:])

        func receive(_ span: RawSpan) {
            do {
                guard case .reply(let reply) = try ReplicaToClientMessage(decoding: span),
                    case .opened(let session) = reply.body
                else { return }
                sessions.withLock { $0[reply.request.sequence] = session }
            } catch {
                return
            }
        }
    }

    init(_ access: AttackAccess) {
        id = ClientID(access.key.publicKey)
        view = access.view
        let arrived = Arrived()
        sessions = arrived
        links = view.members.enumerated().map { place, member in
            let hello = Hello(group: access.view.group, role: .client, view: access.view.number)
            return PeerLink(
                configuration: TransportConfiguration(), identity: access.identity,
                target: PeerLinkTarget(
                    name: "replica \(member.id)", host: member.host, port: member.port, key: member.key, hello: hello,
                    frameBytesMax: Limits.clientFrameBytes.max),
                eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
                handlers: PeerLinkHandlers(
                    onState: { _ in }, onFrames: { $0.forEach { arrived.receive($0) } }),
                jitterSeed: UInt64(place), logger: Logger(label: "client") { _ in SwiftLogNoOpLogHandler() })
        }
    }

    func start() {
        for link in links { link.start() }
    }

    func close() async {
        for link in links { await link.close() }
    }

    /// As a correct client does: asks all until one answers.
    func openSession(_ number: UInt64) async throws -> SessionID {
        for attempt in 0..<1000 {
            if attempt.isMultiple(of: 20) { send([opening(number)]) }
            if let session = sessions.sessions.withLock({ $0[SequenceNumber(number)] }) { return session }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw NoSession()
    }

    func opening(_ number: UInt64) -> Request {
        Request(
            id: RequestID(client: id, session: .none, sequence: SequenceNumber(number)), kind: .open,
            repliesKeptFrom: SequenceNumber(1), payload: [])
    }

    func request(_ sequence: UInt64, in session: SessionID, _ operation: KVOperation) -> Request {
        Request(
            id: RequestID(client: id, session: session, sequence: SequenceNumber(sequence)), kind: .operation,
            repliesKeptFrom: SequenceNumber(sequence), payload: operation.payload)
    }

    func send(_ requests: [Request]) {
        let frame = ClientMessage.requests(RequestBundle(requests: requests, signature: nil)).encoded()
        for link in links { link.send([frame]) }
    }

    func send(_ requests: [Request], to place: Int) {
        links[place].send([ClientMessage.requests(RequestBundle(requests: requests, signature: nil)).encoded()])
    }

    func send(frame: Bytes, to place: Int) { links[place].send([frame]) }

    func send(frames: [Bytes], to place: Int) { links[place].send(frames) }

    /// What waits on the fullest link.
    var queuedBytes: Int { links.map(\.queuedBytes).max() ?? 0 }
}
