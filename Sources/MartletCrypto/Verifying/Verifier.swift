// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// Turns what came over a channel into what the core is given, or says why not. What belongs to a view is checked by that
/// view, as far as the views are known. Everything that a message needs to be checked for is done here and nowhere else; what each kind has been
/// checked for is said at `VerifiedMessage`.
///
/// The channel must have shown who the sender is; the verifier trusts that argument and nothing in the message.
package struct Verifier<Scheme: SignatureScheme>: Sendable {
    package let views: KnownViews
    let group: Digest
    /// Remembered apart, so that busy clients do not push out what a leader change will ask for again.
    private let memberSignatures: SignatureChecker<Scheme>
    private let clientSignatures: SignatureChecker<Scheme>
    private let admittedClients: Set<PublicKey>?

    /// Remembers from `rememberedSignaturesMax` to twice as many valid signatures of members, and as many of clients,
    /// each some 50 bytes; 0 for none.
    package init(
        view: View, access: ClientAccess = .open, scheme: Scheme,
        rememberedSignaturesMax: Int = 4096
    ) {
        self.views = KnownViews(view)
        self.group = view.group
        self.memberSignatures = SignatureChecker(scheme: scheme, rememberedMax: rememberedSignaturesMax)
        self.clientSignatures = SignatureChecker(scheme: scheme, rememberedMax: rememberedSignaturesMax)
        switch access {
        case .open: self.admittedClients = nil
        case .allowList(let keys): self.admittedClients = Set(keys)
        }
    }

    /// The newest view that is known.
    package var view: View { views.newest }

    /// Whoever any known view lists, as a member or learner, may speak: what is a vote is judged by its own view, and what asks or tells
    /// may come from anybody who has ever been one of the group.
    package func verify(
        _ message: PeerMessage, from sender: ReplicaID
    ) throws(VerificationError) -> VerifiedMessage {
        guard views.isListed(sender) else { throw .notMember(sender) }
        let by = Principal.replica(sender)
        switch message {
        case .propose(let propose): return .propose(Verified(try checked(propose), sender: by))
        case .write(let vote): return .write(Verified(try checked(vote), sender: by))
        case .accept(let vote): return .accept(Verified(try checked(vote), sender: by))
        case .decided(let decided): return .decided(Verified(try checked(decided), sender: by))
        case .stop(let stop): return .stop(Verified(try checked(stop), sender: by))
        case .stopData(let data): return .stopData(Verified(try checked(data, from: sender), sender: by))
        case .sync(let sync): return .sync(try verified(sync))
        case .checkpoint(let vote): return .checkpoint(Verified(try checked(vote, from: sender), sender: by))
        case .forwarded(let requests): return .forwarded(Verified(try checked(requests), sender: by))
        case .vouches(let vouches): return .vouches(Verified(vouches, sender: by))
        case .fetchRequests(let fetch): return .fetchRequests(Verified(fetch, sender: by))
        case .fetchBatch(let fetch): return .fetchBatch(Verified(fetch, sender: by))
        case .batchBody(let body): return .batchBody(Verified(try checked(body), sender: by))
        case .fetchDecisions(let fetch): return .fetchDecisions(Verified(fetch, sender: by))
        case .decisions(let decisions): return .decisions(Verified(try checked(decisions), sender: by))
        case .fetchCheckpoint(let fetch): return .fetchCheckpoint(Verified(fetch, sender: by))
        case .checkpointOffer(let offer): return .checkpointOffer(Verified(try checked(offer), sender: by))
        case .fetchManifest(let name): return .fetchManifest(Verified(name, sender: by))
        case .manifest(let named): return .manifest(Verified(try checked(named), sender: by))
        case .fetchChunks(let fetch): return .fetchChunks(Verified(fetch, sender: by))
        case .chunk(let chunk): return .chunk(Verified(hashed(chunk), sender: by))
        case .progress(let progress): return .progress(Verified(try checked(progress), sender: by))
        case .probe(let probe): return .probe(Verified(probe, sender: by))
        case .probeEcho(let echo): return .probeEcho(Verified(echo, sender: by))
        case .challenge(let challenge): return .challenge(Verified(try checked(challenge), sender: by))
        case .challengeResponse(let response): return .challengeResponse(Verified(response, sender: by))
        case .install(let install): return .install(Verified(try checked(install, from: sender), sender: by))
        case .fetchViews(let fetch): return .fetchViews(Verified(fetch, sender: by))
        case .views(let part): return .views(Verified(try checked(part), sender: by))
        case .operation(let operation): return .operation(Verified(try checked(operation, from: sender), sender: by))
        }
    }

    // MARK: What all checks rest on

    /// Whether that member of the view made the signature for exactly this statement in this group.
    func isValid(_ signature: Signature, of statement: Statement, by member: ReplicaID, in view: View) -> Bool {
        guard let index = view.index(of: member) else { return false }
        return isValid(signature, of: statement, by: view[index].key, member)
    }

    func isValid(_ signature: Signature, of statement: Statement, by key: PublicKey, _ member: ReplicaID) -> Bool {
        memberSignatures.isValid(signature, of: statement.bytes(group: group, sender: .replica(member)), by: key)
    }

    func isValid(_ signature: Signature, of digests: [Digest], by client: ClientID) -> Bool {
        let bytes = Statement.requests(digests).bytes(group: group, sender: .client(client))
        return isValidOfClient(signature, of: bytes, by: client.key)
    }

    func isValidOfClient(_ signature: Signature, of bytes: Bytes, by key: PublicKey) -> Bool {
        clientSignatures.isValid(signature, of: bytes, by: key)
    }

    /// The view, if it is known with all that leads to it.
    func known(_ number: ViewNumber) throws(VerificationError) -> KnownViews.Entry {
        guard let entry = views.entry(number) else { throw .wrongView(number) }
        return entry
    }

    func admits(_ client: ClientID) -> Bool { admittedClients?.contains(client.key) ?? true }
}
