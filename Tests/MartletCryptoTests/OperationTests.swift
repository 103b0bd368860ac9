// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire
import Testing

/// Members' own operations (adaptation §3): no client's, and no other member's.
@Suite("Members' operations")
struct OperationTests {
    let group: TestGroup
    let verifier: Verifier<Ed25519Scheme>

    init() throws {
        group = try TestGroup()
        verifier = group.verifier
    }

    private func request(of replica: Int, number: UInt64 = 1) -> Request {
        let latencies = (0..<4).map { LinkLatency($0 == replica ? 0 : 1_000) }
        return .measure(
            LatencyReport(proposals: latencies, votes: latencies), in: .genesis, number: SequenceNumber(number),
            by: group.keys[replica].publicKey)
    }

    private func sealed(_ request: Request, by replica: Int, group other: Digest? = nil) -> ReplicaOperation {
        guard
            case .operation(let operation) = group.sealer(replica, group: other)
                .seal(.operation(ReplicaOperation(request: request)))
        else { preconditionFailure() }
        return operation
    }

    private func error(_ message: PeerMessage, from sender: UInt16) -> VerificationError? {
        do {
            _ = try verifier.verify(message, from: ReplicaID(sender))
            return nil
        } catch {
            return error
        }
    }

    private func proof(_ operation: ReplicaOperation) -> RequestProof {
        RequestProof(digests: [group.hash(operation.request)], signature: operation.signature)
    }

    private func passedOn(_ request: Request, _ proof: RequestProof?) throws -> AdmittedRequest? {
        let forward = ForwardedRequest(request: request, isVouched: true, proof: proof)
        guard case .forwarded(let it) = try verifier.verify(.forwarded([forward]), from: ReplicaID(2)) else {
            return nil
        }
        return it.message.first?.admitted
    }

    @Test("A member's own is admitted with its proof, which holds when it is passed on; its own copy is the same")
    func own() throws {
        let operation = sealed(request(of: 1), by: 1)
        guard case .operation(let it) = try verifier.verify(.operation(operation), from: ReplicaID(1)) else {
            Issue.record("no operation")
            return
        }
        #expect(it.sender == .replica(ReplicaID(1)))
        #expect(it.message.digest == group.hash(operation.request))
        #expect(it.message.proof == proof(operation))
        #expect(try passedOn(operation.request, proof(operation)) == it.message)
        guard case .operation(let mine) = group.sealer(1).loopback(.operation(operation)) else {
            Issue.record("no operation")
            return
        }
        #expect(mine.message == it.message)
    }

    @Test("In another member's name, with another's signature, for another group, or altered, it is refused")
    func foreign() {
        let mine = sealed(request(of: 1), by: 1)
        #expect(error(.operation(mine), from: 2) == .foreignClient(mine.request.id))
        #expect(error(.operation(sealed(request(of: 1), by: 2)), from: 1) == .invalidSignature)
        #expect(
            error(.operation(sealed(request(of: 1), by: 2)), from: 2) == .foreignClient(request(of: 1).id))
        let elsewhere = sealed(request(of: 1), by: 1, group: Digest(words: Words32(9, 9, 9, 9)))
        #expect(error(.operation(elsewhere), from: 1) == .invalidSignature)
        let altered = ReplicaOperation(request: request(of: 1, number: 2), signature: mine.signature)
        #expect(error(.operation(altered), from: 1) == .invalidSignature)
        let stranger = TestGroup.key(77).publicKey
        let unknown = Request.measure(
            LatencyReport(proposals: [], votes: []), in: .genesis, number: SequenceNumber(1), by: stranger)
        #expect(error(.operation(ReplicaOperation(request: unknown)), from: 1) == .notMember(ReplicaID(1)))
    }

    @Test("A client makes none, not even one that holds a member's key, whatever it signs")
    func clients() throws {
        for key in [TestGroup.key(100), group.keys[1]] {
            let client = ClientID(key.publicKey)
            let request = Request(
                id: RequestID(client: client, session: .ofReplicas, sequence: SequenceNumber(1)), kind: .measure,
                repliesKeptFrom: SequenceNumber(0), payload: [])
            let sealer = ClientSealer(group: group.view.group, client: client, key: key, scheme: Ed25519Scheme())
            let bundle = sealer.sealBundle([request])
            #expect(throws: VerificationError.malformedRequest(request.id)) {
                try verifier.verify(bundle, from: client)
            }
            // Its signature as a client is none as a replica.
            let clientProof = RequestProof(
                digests: [group.hash(request)], signature: try #require(bundle.signature))
            if key.publicKey == group.keys[1].publicKey {
                #expect(try passedOn(request, clientProof)?.proof == nil)
            } else {
                // Nobody is known to have that key: who passes it on may know more.
                #expect(try passedOn(request, clientProof) == nil)
            }
        }
    }

    @Test("What members order for themselves is of its own session and kind, and of no other")
    func sessions() throws {
        let client = ClientID(TestGroup.key(100).publicKey)
        let ordinary = Request(
            id: RequestID(client: client, session: .ofReplicas, sequence: SequenceNumber(1)), kind: .operation,
            repliesKeptFrom: SequenceNumber(0), payload: [1])
        #expect(throws: VerificationError.malformedRequest(ordinary.id)) {
            try verifier.verify(RequestBundle(requests: [ordinary], signature: nil), from: client)
        }
        let good = request(of: 1)
        let id = { (session: SessionID, sequence: UInt64) in
            RequestID(client: good.id.client, session: session, sequence: SequenceNumber(sequence))
        }
        let session = SessionID(instance: Instance(1), place: 0)
        for (bad, kept) in [
            (id(session, 1), 0), (id(.ofReplicas, 0), 0), (id(.ofReplicas, .max), 0), (id(.ofReplicas, 1), 1),
        ]
            as [(RequestID, UInt64)]
        {
            let request = Request(
                id: bad, kind: .measure, repliesKeptFrom: SequenceNumber(kept), payload: good.payload)
            #expect(error(.operation(sealed(request, by: 1)), from: 1) == .malformedRequest(bad))
            #expect(throws: VerificationError.malformedRequest(bad)) {
                try passedOn(request, proof(sealed(request, by: 1)))
            }
        }
    }

    @Test("Passed on with a proof that is not its author's, it is hearsay")
    func hearsay() throws {
        let mine = sealed(request(of: 1), by: 1)
        #expect(try passedOn(mine.request, nil)?.proof == nil)
        let others = sealed(request(of: 1), by: 2)
        #expect(try passedOn(mine.request, proof(others))?.proof == nil)
        let twice = RequestProof(digests: proof(mine).digests + proof(mine).digests, signature: mine.signature)
        #expect(try passedOn(mine.request, twice)?.proof == nil)
    }
}
