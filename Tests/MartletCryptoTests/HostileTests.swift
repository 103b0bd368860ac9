// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire
import Testing

/// Whatever decodes is verified or refused, and what was changed on its way is never taken for what was signed.
@Suite("Hostile input")
struct HostileTests {
    /// SplitMix64: the same changes in every run.
    struct Changes {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }

        mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

        /// One to three bytes changed, often to what numbers end at.
        mutating func change(_ bytes: Bytes) -> Bytes {
            var bytes = bytes
            for _ in 0...below(3) {
                let place = below(bytes.count)
                switch below(4) {
                case 0: bytes[place] = 0
                case 1: bytes[place] = 0xff
                case 2: bytes[place] ^= 1 << UInt8(below(8))
                default: bytes[place] = UInt8(below(256))
                }
            }
            return bytes
        }
    }

    let group: TestGroup
    let verifier: Verifier<Ed25519Scheme>
    let messages: [PeerMessage]

    init() throws {
        group = try TestGroup()
        verifier = group.verifier
        messages = try Self.messages(of: group)
    }

    static func messages(of group: TestGroup) throws -> [PeerMessage] {
        let key = TestGroup.key(100)
        let client = ClientID(key.publicKey)
        let sealer = ClientSealer(group: group.view.group, client: client, key: key, scheme: Ed25519Scheme())
        let bundle = sealer.sealBundle([operation(client, 1), operation(client, 2)])
        let proof = bundle.signature.map {
            RequestProof(digests: bundle.requests.map { group.hash($0) }, signature: $0)
        }
        let entries = bundle.requests.map { BatchEntry(id: $0.id, digest: group.hash($0)) }
        let batch = Batch(instance: Instance(5), born: group.epoch(1), time: Timestamp(1), entries: entries)
        let body = BatchBody(batch: batch, bodies: bundle.requests)
        let decision = Decision(body: body, certificate: group.decision(of: 5, group.hash(batch)))
        let data = (0..<3).map { replica in
            group.stopData(
                by: replica, base: group.decision(of: 5), checkpoint: group.checkpoint(of: 4),
                claims: [claim(6, lock: vote(1), wrote: [vote(1)])])
        }
        let contents = CheckpointContents(imageChunks: 1, chunks: [[1, 2, 3]])
        let checkpoint256 = Hashing.hashed(contents)
        let certificate = group.checkpoint(of: 256, checkpoint256.digest)
        let next = try group.following(heavy: [2, 3]).view
        let checkpoint = CheckpointVote(view: group.view.number, instance: Instance(256), digest: digest(1))
        return [
            .propose(Propose(epoch: group.epoch(1), batch: batch)), .stopData(data[0]), .sync(group.sync(data)),
            group.sealer(0).seal(.checkpoint(checkpoint)),
            .forwarded(bundle.requests.map { ForwardedRequest(request: $0, isVouched: true, proof: proof) }),
            .batchBody(body), .decisions(Decisions(decisions: [decision])),
            .checkpointOffer(certificate),
            .manifest(NamedManifest(checkpoint: certificate.name, manifest: checkpoint256.manifest)),
            .install(group.install(0, last: 5, next: next)),
            .views(ViewChainPart(certificates: [group.proof(of: next, last: 5)])),
        ]
    }

    func verified(_ message: PeerMessage) -> VerifiedMessage? {
        do {
            return try verifier.verify(message, from: ReplicaID(0))
        } catch {
            return nil
        }
    }

    func decoded(_ bytes: Bytes) -> PeerMessage? {
        do {
            return try PeerMessage(decoding: bytes)
        } catch {
            return nil
        }
    }

    @Test("the messages that are going to be changed are valid")
    func originals() {
        for message in messages { #expect(verified(message) != nil) }
    }

    @Test("a changed message is verified as what it is, or refused, never trapped at", arguments: 0..<11)
    func changed(_ kind: Int) {
        var changes = Changes(state: UInt64(kind))
        let original = messages[kind]
        let bytes = original.encoded()
        var refused = 0
        // Of a proposal only numbers that nobody counts up to are refused, which few changes make.
        for _ in 0..<(kind == 0 ? 2_000 : 200) {
            guard let message = decoded(changes.change(bytes)), message != original else { continue }
            guard let taken = verified(message) else {
                refused += 1
                continue
            }
            switch (taken, original) {
            // Channels alone prove these, so any content is their sender's; but digests are their own.
            case (.propose(let it), .propose(let before)):
                #expect(it.message.digest != group.hash(before.batch) || it.message.epoch != before.epoch)
            case (.batchBody(let it), .batchBody(let before)): #expect(it.message.digest != group.hash(before.batch))
            case (.forwarded(let it), .forwarded(let before)):
                let known = before.map { group.hash($0.request) }
                for forward in it.message where forward.admitted.proof != nil {
                    #expect(known.contains(forward.admitted.digest))
                }
            // The instance is only what it is called by: the core takes the manifest of the one that it fetches.
            case (.manifest(let it), .manifest(let before)): #expect(it.message.manifest == before.manifest)
            // A message without its only decision or certificate proves nothing, and claims nothing.
            case (.decisions(let it), _) where it.message.isEmpty: break
            case (.views(let it), _) where it.message.certificates.isEmpty: break
            // A kind with a signature over all of it, or a proof of all of it, cannot be changed into another.
            case (.stopData, _), (.sync, _), (.checkpoint, _), (.decisions, _), (.checkpointOffer, _),
                (.install, _), (.views, _):
                Issue.record("taken: \(message)")
            // The first byte says the kind: what became another kind is only its sender's word.
            default: break
            }
        }
        #expect(refused > 0)
    }
}
