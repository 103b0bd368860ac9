// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// Signs what a replica sends, and prepares its own copy of what it sends to itself.
package struct Sealer<Scheme: SignatureScheme>: Sendable {
    package let group: Digest
    package let replica: ReplicaID
    private let scheme: Scheme
    private let key: Scheme.PrivateKey

    package init(group: Digest, replica: ReplicaID, key: Scheme.PrivateKey, scheme: Scheme) {
        self.group = group
        self.replica = replica
        self.key = key
        self.scheme = scheme
    }

    /// The message with its own signature filled in, where its kind has one; what it carries of others stays as it is.
    package func seal(_ message: PeerMessage) -> PeerMessage {
        switch message {
        case .accept(var vote):
            vote.signature = signature(of: .accept(vote))
            return .accept(vote)
        case .stopData(var data):
            precondition(data.sender == replica, "a replica speaks for itself only")
            data.signature = signature(of: .stopData(data))
            return .stopData(data)
        case .sync(var sync):
            // Passed on, it stays its leader's word.
            guard sync.signature == .absent else { return message }
            sync.signature = signature(of: .sync(sync))
            return .sync(sync)
        case .checkpoint(var vote):
            vote.signature = signature(of: .checkpoint(vote))
            return .checkpoint(vote)
        case .install(var install):
            install.signature = signature(of: .install(install))
            return .install(install)
        case .operation(var operation):
            operation.signature = signature(of: .operation(Hashing.digest(of: operation.request, group: group)))
            return .operation(operation)
        case .propose, .write, .decided, .stop, .forwarded, .vouches, .fetchRequests, .fetchBatch, .batchBody,
            .fetchDecisions, .decisions, .fetchCheckpoint, .checkpointOffer, .fetchManifest, .manifest, .fetchChunks,
            .chunk, .progress, .probe, .probeEcho, .challenge,
            .challengeResponse, .fetchViews,
            .views:
            return message
        }
    }

    /// The replica's own copy of what it sent to everyone, itself included; it comes back as if from a peer. One's own
    /// word needs no checks, but a proposal is hashed here: the core never hashes. Traps for what is asked of others
    /// or answered to them: a replica that fetches from itself is in error.
    package func loopback(_ sealed: PeerMessage) -> VerifiedMessage {
        let me = Principal.replica(replica)
        switch sealed {
        case .propose(let propose):
            let digest = Hashing.digest(of: propose.batch, group: group)
            return .propose(
                Verified(Proposal(epoch: propose.epoch, batch: propose.batch, digest: digest), sender: me))
        case .write(let vote): return .write(Verified(vote, sender: me))
        case .accept(let vote): return .accept(Verified(vote, sender: me))
        case .decided(let decided): return .decided(Verified(decided, sender: me))
        case .stop(let stop): return .stop(Verified(stop, sender: me))
        case .stopData(let data): return .stopData(Verified(data, sender: me))
        case .sync(let sync): return .sync(Verified(sync, sender: me))
        case .checkpoint(let vote): return .checkpoint(Verified(vote, sender: me))
        case .vouches(let vouches): return .vouches(Verified(vouches, sender: me))
        case .progress(let progress): return .progress(Verified(progress, sender: me))
        case .install(let install): return .install(Verified(install, sender: me))
        case .operation(let operation):
            let digest = Hashing.digest(of: operation.request, group: group)
            let proof = RequestProof(digests: [digest], signature: operation.signature)
            return .operation(
                Verified(AdmittedRequest(request: operation.request, digest: digest, proof: proof), sender: me))
        case .forwarded, .fetchRequests, .fetchBatch, .batchBody, .fetchDecisions, .decisions, .fetchCheckpoint,
            .checkpointOffer, .fetchManifest, .manifest, .fetchChunks, .chunk, .probe, .probeEcho, .challenge,
            .challengeResponse, .fetchViews, .views:
            preconditionFailure("a replica neither asks nor answers itself")
        }
    }

    func signature(of statement: Statement) -> Signature {
        scheme.sign(statement.bytes(group: group, sender: .replica(replica)), with: key)
    }
}
