// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire

/// A group with real keys, messages that its members and a client signed, and what verifying promises.
enum SignedSamples {
    private static let keys = (0..<4).map { key(UInt8($0 + 1)) }
    private static let client = key(99)
    private static let view = makeView()
    private static let verifier = Verifier(
        view: view, access: .allowList([client.publicKey]), scheme: Ed25519Scheme(), rememberedSignaturesMax: 64)

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
                members: members, leaderOrder: members.map(\.id), settings: GroupSettings())
        } catch {
            fatalError("\(error)")
        }
    }

    // MARK: Verifying

    /// The sender's byte: 0 to 3 a member, others a stranger; from 128 on the client.
    static func verify(_ bytes: UnsafeRawBufferPointer, from sender: Int) {
        do {
            if sender < 128 {
                let message = try unsafe PeerMessage(decoding: bytes)
                check(try verifier.verify(message, from: ReplicaID(UInt16(sender))), of: message, from: sender)
            } else if case .requests(let bundle) = try unsafe ClientMessage(decoding: bytes) {
                let verified = try verifier.verify(bundle, from: ClientID(client.publicKey))
                hold(verified.message.map(\.request) == bundle.requests, "other requests than were sent")
                hold(verified.sender == .client(ClientID(client.publicKey)))
            }
        } catch {
            hold(!"\(error)".isEmpty)
        }
    }

    private static func check(_ verified: VerifiedMessage, of message: PeerMessage, from sender: Int) {
        hold(sender < keys.count, "a stranger is believed")
        switch verified {
        case .stopData(let data):
            hold(data.sender == .replica(data.message.sender), "STOPDATA of another")
        case .sync(let sync):
            let authors = ReplicaSet(sync.message.collected.compactMap { view.index(of: $0.sender) })
            hold(view.isQuorum(authors), "SYNC without a quorum")
        case .decisions(let decisions):
            for decision in decisions.message {
                hold(verifier.isProof(decision.certificate), "a decision without proof")
            }
        case .checkpointState(let state):
            hold(verifier.isProof(state.message.certificate), "a state without proof")
        default: break
        }
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
        return [[200] + ClientMessage.requests(bundle).encoded()]
            + (leaderChange + transfer(of: request) + [(0, .forwarded([forward]))]).map { sender, message in
                [UInt8(sender)] + message.encoded()
            }
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
        let state = Bytes(repeating: 5, count: 8)
        return [
            (0, .batchBody(body)), (0, .propose(Propose(epoch: batch.born, batch: batch))),
            (0, .decisions(Decisions(decisions: [Decision(body: body, certificate: certificate)]))),
            (
                0,
                .checkpointState(
                    CheckpointState(
                        certificate: checkpoint(of: Hashing.checkpointDigest(of: state), Instance(8)), state: state))
            ),
        ]
    }

    private static func seal(_ message: PeerMessage, by place: Int) -> PeerMessage {
        Sealer(group: view.group, replica: ReplicaID(UInt16(place)), key: keys[place], scheme: Ed25519Scheme())
            .seal(message)
    }

    private static func decision(of digest: Digest, _ instance: Instance) -> DecisionCertificate {
        let epoch = Epoch(view: .genesis, regency: .first)
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
