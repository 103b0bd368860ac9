// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire

/// What of one batch of frames goes where.
struct Admitted {
    var ordering: [OrderingInput] = []
    var reads: [ReadRequest] = []
    var receipts: [RequestID] = []
    var verification: [VerificationJob] = []
}

/// The second stage, on the connections' event loops too: nothing passes that is not verified. What takes long to verify
/// has a thread of its own.
struct Admission: Sendable {
    let verifier: Verifier<Ed25519Scheme>
    let served: ServedState
    let versions: ProtocolVersions
    let me: ReplicaID
    let voting: VotingState
    let fetching: FetchingState
    /// Whom the core speaks with.
    let peers: PeerNames
    let clients: ClientDirectory
    let drops: DropLog

    // MARK: - Connections

    /// Whether whoever holds this key may connect as whom it says it is. Nobody else is this replica itself.
    func judge(_ hello: Hello, _ key: PublicKey) -> HelloAnswer {
        if hello.role == .replica(me) { return .refused(.notThatReplica, "it is replica \(me) itself") }
        let views = verifier.views
        let newest = views.newest
        let rules = HandshakeRules(
            group: newest.group, newest: newest.number, spoken: UInt16(newest.settings.protocolVersion),
            versions: versions, listing: { views.listing(of: $0) },
            complaintAboutClient: { served.complaint(about: $0) })
        return rules.answer(hello, key)
    }

    // MARK: - Messages

    /// `key` is the one by which the connection's other end has shown that it is that replica.
    func admit(_ message: PeerMessage, from replica: ReplicaID, holding key: PublicKey, into admitted: inout Admitted) {
        if !isHeard(message, from: replica) {
            return drops.dropped(from: .replica(replica), because: "it is in the group no longer")
        }
        if isUnasked(message, from: replica) {
            return drops.dropped(from: .replica(replica), because: "nobody asked for it")
        }
        if isHeavy(message) {
            admitted.verification.append(.verify(message, from: replica, holding: key))
            return
        }
        do {
            admitted.ordering.append(.event(.message(try verifier.verify(message, from: replica, holding: key))))
        } catch {
            drops.dropped(from: .replica(replica), because: "\(error)")
        }
    }

    /// From one that is known with another key only: it proves a view that is not known yet, or is cut off. What is known already would cost
    /// it nothing, and whoever may say that it is a replica must not be able to keep this one busy.
    func admitProof(
        _ message: PeerMessage, from replica: ReplicaID, by connection: InboundConnection, into admitted: inout Admitted
    ) {
        guard case .views = message else {
            return drops.dropped(from: .replica(replica), because: "no view that is known lists it with its key")
        }
        let before = verifier.views.newest.number
        do {
            let verified = try verifier.verify(message, from: replica, holding: connection.peer)
            guard verifier.views.newest.number > before else {
                return connection.abort(.failed("what it sent proves no view that is not known"))
            }
            admitted.ordering.append(.event(.message(verified)))
        } catch {
            drops.dropped(from: .replica(replica), because: "\(error)")
            connection.abort(.failed("what it sent proves no view: \(error)"))
        }
    }

    func admit(
        _ message: ClientMessage, from client: ClientID, by connection: InboundConnection,
        into admitted: inout Admitted
    ) {
        guard served.serves(client) else { return deny(message, of: client, by: connection) }
        switch message {
        case .requests(let bundle): admit(bundle, from: client, by: connection, into: &admitted)
        case .read(let read): admitted.reads.append(read)
        case .fetchViews(let fetch):
            let part = verifier.views.chain(after: fetch.after)
            if !part.certificates.isEmpty { connection.send([ReplicaToClientMessage.views(part).encoded()]) }
        case .fetchReceipt(let id) where id.client == client: admitted.receipts.append(id)
        case .fetchReceipt(let id):
            drops.dropped(from: .client(client), because: "\(VerificationError.foreignClient(id))")
        case .statusQuery: admitted.ordering.append(.statusQuery(connection))
        case .adaptationQuery: admitted.ordering.append(.adaptationQuery(connection))
        }
    }

    private func admit(
        _ bundle: RequestBundle, from client: ClientID, by connection: InboundConnection,
        into admitted: inout Admitted
    ) {
        do {
            let verified = try verifier.verify(bundle, from: client)
            noteRoutes(of: bundle.requests, from: client, by: connection)
            admitted.ordering.append(.event(.requests(verified)))
            // A learner needs the requests to follow, but its clients must not count on it.
            if !voting.isVoter { refuse(bundle.requests.map(\.id), .notServing, to: connection) }
        } catch .payloadTooLarge(let id) {
            refuse([id], .payloadTooLarge, to: connection)
        } catch .notAuthorised(let id) {
            refuse([id], .notAuthorised, to: connection)
        } catch {
            drops.dropped(from: .client(client), because: "\(error)")
        }
    }

    /// It was served when it connected, and this crossed the end of that.
    private func deny(_ message: ClientMessage, of client: ClientID, by connection: InboundConnection) {
        switch message {
        case .requests(let bundle): refuse(bundle.requests.map(\.id), .accessDenied, to: connection)
        case .read(let read):
            let id = RequestID(client: client, session: .none, sequence: SequenceNumber(read.number))
            refuse([id], .accessDenied, to: connection)
        case .fetchViews, .fetchReceipt, .statusQuery, .adaptationQuery: break
        }
    }

    private func noteRoutes(of requests: [Request], from client: ClientID, by connection: InboundConnection) {
        var last = SessionID.none
        for request in requests where request.id.session != last {
            last = request.id.session
            clients.received(in: last, of: client, by: connection)
        }
    }

    private func refuse(_ ids: [RequestID], _ reason: RefusalReason, to connection: InboundConnection) {
        connection.send(
            ids.map { ReplicaToClientMessage.refusal(Refusal(request: $0, reason: reason)).encoded() })
    }

    /// Whoever was removed is told the views that it lacks, and nothing else that it says costs anybody more than reading it: of such
    /// there may be more in time than the group tolerates faults. The core may know newer views than this stage, or older ones.
    private func isHeard(_ message: PeerMessage, from replica: ReplicaID) -> Bool {
        if verifier.views.isPresent(replica) || peers.contains(replica) { return true }
        return switch message {
        case .progress, .fetchViews: true
        default: false
        }
    }

    /// What nobody asked that member for is not worth the hashing.
    private func isUnasked(_ message: PeerMessage, from replica: ReplicaID) -> Bool {
        switch message {
        case .manifest(let it): !fetching.wantsManifest(of: it.checkpoint, from: replica)
        case .chunk(let it): !fetching.wantsChunks(of: it.checkpoint, from: replica)
        default: false
        }
    }

    /// Whether verifying it may keep a thread busy for more than a moment.
    private func isHeavy(_ message: PeerMessage) -> Bool {
        switch message {
        case .stopData, .sync, .decisions, .checkpointOffer, .manifest, .chunk: true
        // On its link it comes before what belongs to the new view.
        case .views: false
        case .propose, .write, .accept, .decided, .stop, .checkpoint, .forwarded, .vouches, .fetchRequests,
            .fetchBatch, .batchBody, .fetchDecisions, .fetchCheckpoint, .fetchManifest, .fetchChunks, .progress, .probe,
            .probeEcho, .challenge,
            .challengeResponse, .operation, .install,
            .fetchViews:
            false
        }
    }
}
