// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire

/// A group with real keys, messages that its members and a client signed, and what verifying promises.
enum SignedSamples {
    private static let keys = (0..<4).map { key(UInt8($0 + 1)) }
    private static let client = key(99)
    private static let administrators = [key(97), key(98)]
    private static let view = makeView()
    /// What follows, from instance 7 on.
    private static let second = makeSecondView()
    private static let proofOfSecond = certificate(of: second, after: view, at: Instance(6))

    /// A new one for each input, since it learns views.
    private static func makeVerifier(knowsSecond: Bool) -> Verifier<Ed25519Scheme> {
        let verifier = Verifier(view: view, scheme: Ed25519Scheme(), rememberedSignaturesMax: 0)
        if knowsSecond { verifier.views.add(proofOfSecond) }
        return verifier
    }

    private static func key(_ fill: UInt8) -> SigningKey {
        guard let key = SigningKey(seed: Bytes(repeating: fill, count: 32)) else { fatalError("32 bytes") }
        return key
    }

    private static func makeView() -> View {
        let members = keys.enumerated().map { place, key in
            Member(
                id: ReplicaID(UInt16(place)), key: key.publicKey, host: "h", port: 1 + place, isHeavy: place < 2)
        }
        do throws(ViewError) {
            return try View(
                group: Digest(words: Words32(1, 2, 3, 4)), number: .genesis, faultModel: .byzantine, f: 1,
                members: members, leaderOrder: members.map(\.id), settings: GroupSettings(),
                administration: Administration(keys: administrators.map(\.publicKey), needed: 2))
        } catch {
            fatalError("\(error)")
        }
    }

    private static func makeSecondView() -> View {
        let order = Array(view.plan.leaderOrder.reversed())
        let plan = ViewPlan(heavy: order.prefix(2).sorted(), leaderOrder: order, settings: view.settings)
        do throws(ViewError) { return try view.successor(plan) } catch { fatalError("\(error)") }
    }

    // MARK: Verifying

    /// The sender's byte: 0 to 3 a member, others a stranger; from 64 on the second view is known, from 128 on it is the
    /// client.
    static func verify(_ bytes: UnsafeRawBufferPointer, from byte: Int) {
        let verifier = makeVerifier(knowsSecond: byte & 64 != 0)
        do {
            if byte < 128 {
                let sender = byte & 63
                let message = try unsafe PeerMessage(decoding: bytes)
                let verified = try verifier.verify(message, from: ReplicaID(UInt16(sender)))
                hold(sender < keys.count, "a stranger is believed")
                check(verified, by: verifier, from: sender)
            } else if case .requests(let bundle) = try unsafe ClientMessage(decoding: bytes) {
                let verified = try verifier.verify(bundle, from: ClientID(client.publicKey))
                hold(verified.message.map(\.request) == bundle.requests, "other requests than were sent")
                hold(verified.sender == .client(ClientID(client.publicKey)))
                for request in bundle.requests {
                    hold(!request.kind.isOfMembers, "a client's operation of a member")
                    guard case .reconfiguration(let operation) = request.kind else { continue }
                    hold(Set(operation.shares.map(\.administrator)).count >= 2, "reconfigured without authority")
                }
            }
        } catch {
            hold(!"\(error)".isEmpty)
        }
    }

    private static func check(
        _ verified: VerifiedMessage, by verifier: Verifier<Ed25519Scheme>, from sender: Int
    ) {
        switch verified {
        case .stopData(let data):
            hold(data.sender == .replica(data.message.sender), "STOPDATA of another")
        case .sync(let sync):
            let authors = ReplicaSet(sync.message.collected.compactMap { view.index(of: $0.sender) })
            hold(view.isQuorum(authors) || second.isQuorum(authors), "SYNC without a quorum")
        case .decisions(let decisions):
            for decision in decisions.message {
                hold(verifier.isProof(decision.certificate), "a decision without proof")
            }
        case .checkpointOffer(let offer): hold(verifier.isProof(offer.message), "a checkpoint without proof")
        case .manifest(let named):
            hold(
                Hashing.digest(of: named.message.manifest) == named.message.checkpoint.digest, "another's manifest")
        case .chunk(let chunk):
            hold(Hashing.digest(ofChunk: chunk.message.chunk.bytes) == chunk.message.digest, "another chunk's digest")
        case .install(let install): checkFollowing(install.message.next, install.message.view)
        case .views(let part):
            for certificate in part.message.certificates {
                checkFollowing(certificate.next, certificate.view)
                hold(certificate.next.number <= verifier.view.number, "a view is not learnt")
                let signers = ReplicaSet(certificate.shares.compactMap { view.index(of: $0.replica) })
                hold(view.isQuorum(signers) || second.isQuorum(signers), "a view without a quorum")
            }
        case .operation(let operation):
            hold(
                operation.message.id.client.key == keys[sender].publicKey
                    && operation.message.request.kind.isOfMembers,
                "an operation of another")
        default: break
        }
    }

    private static func checkFollowing(_ next: View, _ number: ViewNumber) {
        hold(next.number == number.next && next.group == view.group, "a view that does not follow")
    }

    // MARK: Samples

    /// Each sealed message after its sender's byte.
    static var inputs: [Bytes] {
        let request = Request(
            id: RequestID(
                client: ClientID(client.publicKey), session: SessionID(instance: Instance(1), place: 0),
                sequence: SequenceNumber(1)), kind: .operation, repliesKeptFrom: SequenceNumber(0), payload: [1, 2])
        let sealer = ClientSealer(
            group: view.group, client: ClientID(client.publicKey), key: client, scheme: Ed25519Scheme())
        let bundle = sealer.sealBundle([request])
        let forward = ForwardedRequest(
            request: request, isVouched: true,
            proof: bundle.signature.map {
                RequestProof(digests: [Hashing.digest(of: request, group: view.group)], signature: $0)
            })
        return [bundle, sealer.sealBundle([reconfiguration])].map { [200] + ClientMessage.requests($0).encoded() }
            + (views + leaderChange + transfer(of: request) + [(0, .forwarded([forward]))]).map { sender, message in
                [UInt8(sender)] + message.encoded()
            }
    }

    private static var reconfiguration: Request {
        var operation = Reconfiguration(after: view, .arrange(second.plan))
        for key in administrators {
            let sealer = AdministratorSealer(
                group: view.group, publicKey: key.publicKey, key: key, scheme: Ed25519Scheme())
            operation = sealer.sign(operation)
        }
        return Request(
            id: RequestID(
                client: ClientID(client.publicKey), session: SessionID(instance: Instance(1), place: 0),
                sequence: SequenceNumber(2)),
            kind: .reconfiguration(operation), repliesKeptFrom: SequenceNumber(0), payload: [])
    }

    /// What is said of views, and in the second one.
    private static var views: [(Int, PeerMessage)] {
        let row = Array(repeating: LinkLatency(20_000), count: 3)
        let report = LatencyReport(proposals: [.zero] + row, votes: [.zero] + row)
        let operation = Request.measure(report, in: .genesis, number: SequenceNumber(1), by: keys[0].publicKey)
        let digest = Digest(words: Words32(7, 7, 7, 7))
        let stop = StopData(
            epoch: Epoch(view: second.number, regency: Regency(2)), sender: ReplicaID(1),
            base: decision(of: digest, Instance(8), in: second.number), checkpoint: nil, claims: [])
        return [
            (1, seal(.install(Install(view: .genesis, last: Instance(6), next: second)), by: 1)),
            (2, .views(ViewChainPart(certificates: [proofOfSecond]))),
            (66, .views(ViewChainPart(certificates: [proofOfSecond]))),
            (0, seal(.operation(ReplicaOperation(request: operation)), by: 0)),
            (65, seal(.stopData(stop), by: 1)),
            (3, .challenge(Challenge(.dummyProposal(padding: [0, 0]), number: 5))),
        ]
    }

    private static func certificate(of next: View, after view: View, at last: Instance) -> ViewCertificate {
        let shares = (0..<3).compactMap { place -> SignatureShare? in
            let install = seal(.install(Install(view: view.number, last: last, next: next)), by: place)
            guard case .install(let sealed) = install else { return nil }
            return SignatureShare(replica: ReplicaID(UInt16(place)), signature: sealed.signature)
        }
        return ViewCertificate(view: view.number, last: last, next: next, shares: shares)
    }

    private static let epoch = Epoch(view: .genesis, regency: Regency(2))

    private static var leaderChange: [(Int, PeerMessage)] {
        let digest = Digest(words: Words32(7, 7, 7, 7))
        let lock = RegencyDigest(regency: .first, digest: digest)
        let datas = (0..<3).map { place in
            StopData(
                epoch: epoch, sender: ReplicaID(UInt16(place)), base: decision(of: digest, Instance(2)),
                checkpoint: checkpoint(of: digest, Instance(1)),
                claims: [InstanceClaim(instance: Instance(3), lock: lock, writeSet: [lock])])
        }
        let sealed = datas.enumerated().map { place, data in seal(.stopData(data), by: place) }
        let collected = sealed.compactMap { if case .stopData(let data) = $0 { data } else { nil } }
        return [
            (0, sealed[0]), (1, seal(.sync(Sync(epoch: epoch, collected: collected)), by: 1)),
            (2, seal(.checkpoint(CheckpointVote(view: .genesis, instance: Instance(9), digest: digest)), by: 2)),
            (3, .stop(Stop(view: .genesis, regency: Regency(2), reason: .joined))),
        ]
    }

    private static func transfer(of request: Request) -> [(Int, PeerMessage)] {
        let entry = BatchEntry(id: request.id, digest: Hashing.digest(of: request, group: view.group))
        let batch = Batch(
            instance: Instance(4), born: Epoch(view: .genesis, regency: .first), time: Timestamp(5), entries: [entry])
        let body = BatchBody(batch: batch, bodies: [request])
        let certificate = decision(of: Hashing.digest(of: batch, group: view.group), Instance(4))
        let contents = Hashing.hashed(CheckpointContents(imageChunks: 1, chunks: [Bytes(repeating: 5, count: 8)]))
        let offer = checkpoint(of: contents.digest, Instance(8))
        return [
            (0, .batchBody(body)), (0, .propose(Propose(epoch: batch.born, batch: batch))),
            (0, .decisions(Decisions(decisions: [Decision(body: body, certificate: certificate)]))),
            (0, .checkpointOffer(offer)),
            (0, .manifest(NamedManifest(checkpoint: offer.name, manifest: contents.manifest))),
            (0, .chunk(CheckpointChunk(checkpoint: offer.name, position: 0, bytes: contents.contents.chunks[0]))),
        ]
    }

    private static func seal(_ message: PeerMessage, by place: Int) -> PeerMessage {
        Sealer(group: view.group, replica: ReplicaID(UInt16(place)), key: keys[place], scheme: Ed25519Scheme())
            .seal(message)
    }

    private static func decision(
        of digest: Digest, _ instance: Instance, in view: ViewNumber = .genesis
    ) -> DecisionCertificate {
        let epoch = Epoch(view: view, regency: .first)
        let shares = (0..<3).compactMap { place -> SignatureShare? in
            let vote = seal(.accept(AcceptVote(epoch: epoch, instance: instance, digest: digest)), by: place)
            guard case .accept(let sealed) = vote else { return nil }
            return SignatureShare(replica: ReplicaID(UInt16(place)), signature: sealed.signature)
        }
        return DecisionCertificate(epoch: epoch, instance: instance, digest: digest, shares: shares)
    }

    private static func checkpoint(of digest: Digest, _ instance: Instance) -> CheckpointCertificate {
        let shares = (0..<3).compactMap { place -> SignatureShare? in
            let vote = seal(
                .checkpoint(CheckpointVote(view: .genesis, instance: instance, digest: digest)), by: place)
            guard case .checkpoint(let sealed) = vote else { return nil }
            return SignatureShare(replica: ReplicaID(UInt16(place)), signature: sealed.signature)
        }
        return CheckpointCertificate(view: .genesis, instance: instance, digest: digest, shares: shares)
    }
}
