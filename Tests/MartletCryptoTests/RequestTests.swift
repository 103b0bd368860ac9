// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire
import Testing

@Suite("Client requests")
struct RequestTests {
    let group: TestGroup
    let verifier: Verifier<Ed25519Scheme>
    let key = TestGroup.key(100)
    var client: ClientID { ClientID(key.publicKey) }

    init() throws {
        group = try TestGroup()
        verifier = group.verifier
    }

    func sealer(_ key: SigningKey, group other: Digest? = nil) -> ClientSealer<Ed25519Scheme> {
        ClientSealer(
            group: other ?? group.view.group, client: ClientID(key.publicKey), key: key, scheme: Ed25519Scheme())
    }

    func error(_ bundle: RequestBundle, from client: ClientID) -> VerificationError? {
        do {
            _ = try verifier.verify(bundle, from: client)
            return nil
        } catch {
            return error
        }
    }

    func forwarded(_ requests: [ForwardedRequest], by verifier: Verifier<Ed25519Scheme>? = nil) throws
        -> [AdmittedForward]
    {
        let message = try (verifier ?? self.verifier).verify(.forwarded(requests), from: ReplicaID(2))
        guard case .forwarded(let verified) = message else { return [] }
        #expect(verified.sender == .replica(ReplicaID(2)))
        return verified.message
    }

    @Test("unsigned requests are admitted with their digests and without proof")
    func unsigned() throws {
        let requests = [operation(client, 1), operation(client, 2)]
        let verified = try verifier.verify(RequestBundle(requests: requests, signature: nil), from: client)
        #expect(verified.sender == .client(client))
        #expect(
            verified.message
                == requests.map { AdmittedRequest(request: $0, digest: group.hash($0), proof: nil) })
    }

    @Test("a signed bundle gives each request a proof that holds when it is passed on")
    func signed() throws {
        let bundle = sealer(key).sealBundle([operation(client, 1), operation(client, 2), operation(client, 3)])
        let admitted = try verifier.verify(bundle, from: client).message
        let digests = bundle.requests.map { group.hash($0) }
        #expect(admitted.allSatisfy { $0.proof?.digests == digests && $0.proof?.signature == bundle.signature })
        let passedOn = admitted.map { ForwardedRequest(request: $0.request, isVouched: false, proof: $0.proof) }
        #expect(try forwarded(passedOn).map(\.admitted) == admitted)
    }

    @Test("client ids cannot be squatted")
    func squatting() throws {
        let thief = TestGroup.key(101)
        let thiefID = ClientID(thief.publicKey)
        let stolen = operation(client, 1)
        #expect(
            error(RequestBundle(requests: [stolen], signature: nil), from: thiefID) == .foreignClient(stolen.id))
        #expect(
            error(sealer(thief).sealBundle([operation(thiefID, 1), stolen]), from: thiefID)
                == .foreignClient(stolen.id))
        // Not by a replica's help either: the proof is the thief's, not the client's, and is taken away.
        let bundle = sealer(thief).sealBundle([stolen])
        let proof = RequestProof(digests: [group.hash(stolen)], signature: try #require(bundle.signature))
        let result = try forwarded([ForwardedRequest(request: stolen, isVouched: true, proof: proof)])
        #expect(result.first?.admitted.proof == nil)
        #expect(result.first?.isVouched == true)
    }

    @Test("a signature that is present must be valid")
    func badSignature() throws {
        let good = sealer(key).sealBundle([operation(client, 1), operation(client, 2)])
        #expect(error(good, from: client) == nil)
        let swapped = RequestBundle(requests: good.requests.reversed(), signature: good.signature)
        let fewer = RequestBundle(requests: [good.requests[0]], signature: good.signature)
        let altered = RequestBundle(
            requests: [good.requests[0], operation(client, 2, [9])], signature: good.signature)
        let absent = RequestBundle(requests: good.requests, signature: .absent)
        for bundle in [swapped, fewer, altered, absent] { #expect(error(bundle, from: client) == .invalidSignature) }
        let elsewhere = sealer(key, group: digest(9)).sealBundle(good.requests)
        #expect(error(elsewhere, from: client) == .invalidSignature)
    }

    @Test("a proof counts only for a request that it covers and for its own client")
    func foreignProofs() throws {
        let bundle = sealer(key).sealBundle([operation(client, 1)])
        let proof = RequestProof(
            digests: [group.hash(bundle.requests[0])], signature: try #require(bundle.signature))
        let forged = operation(client, 1, [6, 6, 6])
        let other = ClientID(TestGroup.key(101).publicKey)
        let stuffed = RequestProof(digests: proof.digests + [group.hash(forged)], signature: proof.signature)
        let result = try forwarded([
            ForwardedRequest(request: bundle.requests[0], isVouched: false, proof: proof),
            ForwardedRequest(request: forged, isVouched: false, proof: proof),
            ForwardedRequest(request: forged, isVouched: false, proof: stuffed),
            ForwardedRequest(request: operation(other, 1), isVouched: false, proof: proof),
            ForwardedRequest(request: operation(client, 2), isVouched: true, proof: nil),
            ForwardedRequest(request: bundle.requests[0], isVouched: false, proof: proof),
        ])
        #expect(result.map { $0.admitted.proof != nil } == [true, false, false, false, false, true])
        #expect(result.map(\.isVouched) == [false, false, false, false, true, false])
    }

    @Test("a replica's signature is no client's, though the digests be the same")
    func purposes() throws {
        // A member that is a client too: what it signs as a client proves nothing as a vote, and the reverse.
        let member = group.keys[0]
        let id = ClientID(member.publicKey)
        let bundle = sealer(member).sealBundle([operation(id, 1)])
        let share = group.accept(
            0, AcceptVote(epoch: group.epoch(1), instance: Instance(1), digest: group.hash(bundle.requests[0])))
        #expect(
            error(RequestBundle(requests: bundle.requests, signature: share.signature), from: id) == .invalidSignature)
    }

    @Test("one signature covers a bounded number of requests, and what is written at once is split accordingly")
    func signedBundles() throws {
        let most = RequestProof.digestsMax
        let requests = (1...UInt64(2 * most + 1)).map { operation(client, $0) }
        let bundles = sealer(key).sealBundles(requests)
        #expect(bundles.map(\.requests.count) == [most, most, 1])
        #expect(bundles.flatMap(\.requests) == requests)
        for bundle in bundles { #expect(error(bundle, from: client) == nil) }
        #expect(sealer(key).sealBundles([]).isEmpty)
        // Validly signed as it is, a larger one is refused, and so is the proof it would make.
        let digests = requests.map { group.hash($0) }
        let bytes = Statement.requests(digests).bytes(group: group.view.group, sender: .client(client))
        let signature = Ed25519Scheme().sign(bytes, with: key)
        let large = RequestBundle(requests: requests, signature: signature)
        #expect(error(large, from: client) == .tooManyRequests(requests.count))
        let proof = RequestProof(digests: digests, signature: signature)
        let passedOn = try forwarded([ForwardedRequest(request: requests[0], isVouched: false, proof: proof)])
        #expect(passedOn.map { $0.admitted.proof } == [nil])
    }

    @Test("payloads above the group's bound are refused, whoever brings them")
    func payload() throws {
        let bound = group.view.settings.requestBytesMax
        let fits = operation(client, 1, Bytes(repeating: 0, count: bound))
        let large = operation(client, 2, Bytes(repeating: 0, count: bound + 1))
        #expect(error(RequestBundle(requests: [fits], signature: nil), from: client) == nil)
        #expect(
            error(RequestBundle(requests: [fits, large], signature: nil), from: client) == .payloadTooLarge(large.id))
        #expect(throws: VerificationError.payloadTooLarge(large.id)) {
            try forwarded([ForwardedRequest(request: large, isVouched: true, proof: nil)])
        }
    }

    @Test("requests that no client can mean are refused")
    func malformed() {
        let session = SessionID(instance: Instance(1), place: 0)
        let request = { (kind: RequestKind, session: SessionID, sequence: UInt64, payload: Bytes) in
            Request(
                id: RequestID(client: client, session: session, sequence: SequenceNumber(sequence)), kind: kind,
                repliesKeptFrom: SequenceNumber(0), payload: payload)
        }
        for good in [
            request(.open, .none, 1, []), request(.operation, session, 1, []), request(.orderedRead, session, 9, [1]),
        ] {
            #expect(error(RequestBundle(requests: [good], signature: nil), from: client) == nil)
        }
        for bad in [
            request(.open, session, 1, []), request(.open, .none, 1, [1]), request(.open, .none, 0, []),
            request(.operation, .none, 1, [1]), request(.orderedRead, .none, 1, [1]),
            request(.operation, session, 0, [1]), request(.operation, session, .max, [1]),
        ] {
            #expect(error(RequestBundle(requests: [bad], signature: nil), from: client) == .malformedRequest(bad.id))
        }
    }

    @Test("whether the group serves a client decides over no proof: that is a matter of what was executed")
    func access() throws {
        let stranger = TestGroup.key(101)
        let bundle = sealer(stranger).sealBundle([operation(ClientID(stranger.publicKey), 1)])
        _ = try group.verifier.verify(bundle, from: ClientID(stranger.publicKey))
        let proof = RequestProof(
            digests: [group.hash(bundle.requests[0])], signature: try #require(bundle.signature))
        let result = try forwarded(
            [ForwardedRequest(request: bundle.requests[0], isVouched: false, proof: proof)], by: group.verifier)
        #expect(result.first?.admitted.proof != nil)
    }

    @Test("requests of one bundle passed on together cost one signature check")
    func checkedOnce() throws {
        let scheme = CountingScheme()
        let verifier = Verifier(view: group.view, scheme: scheme, rememberedSignaturesMax: 0)
        let bundle = sealer(key).sealBundle((1...9).map { operation(client, $0) })
        let admitted = try verifier.verify(bundle, from: client).message
        let passedOn = admitted.map { ForwardedRequest(request: $0.request, isVouched: false, proof: $0.proof) }
        _ = try verifier.verify(.forwarded(passedOn), from: ReplicaID(0))
        #expect(scheme.count == 2)
    }
}
