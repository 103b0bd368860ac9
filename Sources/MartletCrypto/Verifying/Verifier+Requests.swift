// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// Client requests, from the client itself or passed on by a replica (protocol §4). Whether the group serves the client is not judged
/// here: that is a matter of what was executed, and must not decide whether a proof is one.
extension Verifier {
    /// What a client wrote on its own channel. One request that cannot be taken refuses the whole bundle: a client's
    /// library never makes one.
    package func verify(
        _ bundle: RequestBundle, from client: ClientID
    ) throws(VerificationError) -> Verified<[AdmittedRequest]> {
        for request in bundle.requests {
            guard request.id.client == client else { throw .foreignClient(request.id) }
            try check(request)
        }
        let digests = bundle.requests.map { Hashing.digest(of: $0, group: group) }
        var proof: RequestProof?
        if let signature = bundle.signature {
            guard digests.count <= RequestProof.digestsMax else { throw .tooManyRequests(digests.count) }
            guard isValid(signature, of: digests, by: client) else { throw .invalidSignature }
            proof = RequestProof(digests: digests, signature: signature)
        }
        let admitted = zip(bundle.requests, digests).map { request, digest in
            AdmittedRequest(request: request, digest: digest, proof: proof)
        }
        return Verified(admitted, sender: .client(client))
    }

    /// A proof that is not valid is taken away: the request may still be vouched for.
    func checked(_ forwarded: [ForwardedRequest]) throws(VerificationError) -> [AdmittedForward] {
        var result: [AdmittedForward] = []
        result.reserveCapacity(forwarded.count)
        // Requests of one bundle travel with the same proof; comparing is cheaper than hashing it for each.
        var checkedLast: (client: ClientID, proof: RequestProof, isValid: Bool)?
        for forward in forwarded {
            let digest = Hashing.digest(of: forward.request, group: group)
            if forward.request.kind.isOfMembers {
                if let own = try checked(forward, digest: digest) { result.append(own) }
                continue
            }
            // Whose view lists other administrators passes on what they signed; what travels with it is as good.
            if case .reconfiguration(let operation) = forward.request.kind, !isAuthorised(operation) { continue }
            try check(forward.request)
            let client = forward.request.id.client
            if let proof = forward.proof, checkedLast?.client != client || checkedLast?.proof != proof {
                checkedLast = (client, proof, isValid(proof, by: client))
            }
            let proof = forward.proof.flatMap {
                checkedLast?.isValid == true && $0.digests.contains(digest) ? $0 : nil
            }
            result.append(
                AdmittedForward(
                    admitted: AdmittedRequest(request: forward.request, digest: digest, proof: proof),
                    isVouched: forward.isVouched))
        }
        return result
    }

    // MARK: Members' and learners' own operations

    /// By the key that its author has in the newest view that lists it.
    func checked(_ operation: ReplicaOperation, from sender: ReplicaID) throws(VerificationError) -> AdmittedRequest {
        // Its key may be one that it has in a view which is not known here.
        guard let author = try author(of: operation.request) else { throw .notMember(sender) }
        guard author == sender else { throw .foreignClient(operation.request.id) }
        let digest = Hashing.digest(of: operation.request, group: group)
        guard isValid(operation.signature, of: .operation(digest), by: operation.request.id.client.key, sender) else {
            throw .invalidSignature
        }
        let proof = RequestProof(digests: [digest], signature: operation.signature)
        return AdmittedRequest(request: operation.request, digest: digest, proof: proof)
    }

    /// Passed on by another member. Its proof is its author's signature as a replica: none as a client stands for it. Nil where nobody
    /// is known to have that key: who passes it on may know newer views, or older ones, and what travels with it is as good.
    private func checked(_ forward: ForwardedRequest, digest: Digest) throws(VerificationError) -> AdmittedForward? {
        guard let author = try author(of: forward.request) else { return nil }
        let key = forward.request.id.client.key
        let proof = forward.proof.flatMap { proof in
            proof.digests == [digest] && isValid(proof.signature, of: .operation(digest), by: key, author)
                ? proof : nil
        }
        return AdmittedForward(
            admitted: AdmittedRequest(request: forward.request, digest: digest, proof: proof),
            isVouched: forward.isVouched)
    }

    /// Whose operation this is; nil where no view tells.
    private func author(of request: Request) throws(VerificationError) -> ReplicaID? {
        guard request.payload.count <= LatencyReport.payloadBytesMax else { throw .payloadTooLarge(request.id) }
        guard request.kind.isOfMembers, request.id.session == .ofReplicas, request.repliesKeptFrom.rawValue == 0,
            VerifierLimits.isInRange(request.id.sequence.rawValue, from: 1)
        else { throw .malformedRequest(request.id) }
        return views.holder(of: request.id.client.key)
    }

    private func isValid(_ proof: RequestProof, by client: ClientID) -> Bool {
        proof.digests.count <= RequestProof.digestsMax
            && isValid(proof.signature, of: proof.digests, by: client)
    }

    /// Requests that no client may make, whoever brings them.
    private func check(_ request: Request) throws(VerificationError) {
        try checkPayload(of: request)
        let id = request.id
        if case .reconfiguration(let operation) = request.kind, !isAuthorised(operation) { throw .notAuthorised(id) }
        let opens = request.kind == .open
        guard !request.kind.isOfMembers, id.session != .ofReplicas, opens == (id.session == .none),
            !(opens || request.kind.mayEndView) || request.payload.isEmpty,
            VerifierLimits.isInRange(id.sequence.rawValue, from: 1),
            VerifierLimits.isInRange(request.repliesKeptFrom.rawValue, from: 0),
            VerifierLimits.isInRange(id.session.instance.rawValue, from: 0)
        else { throw .malformedRequest(id) }
    }

    func checkPayload(of request: Request) throws(VerificationError) {
        guard request.payload.count <= view.settings.requestBytesMax else { throw .payloadTooLarge(request.id) }
    }
}
