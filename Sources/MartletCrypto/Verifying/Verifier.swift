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

    /// Remembers from `rememberedSignaturesMax` to twice as many valid signatures of members, and as many of clients,
    /// each some 50 bytes; 0 for none.
    package init(
        view: View, scheme: Scheme, rememberedSignaturesMax: Int = 4096
    ) {
        self.views = KnownViews(view)
        self.group = view.group
        self.memberSignatures = SignatureChecker(scheme: scheme, rememberedMax: rememberedSignaturesMax)
        self.clientSignatures = SignatureChecker(scheme: scheme, rememberedMax: rememberedSignaturesMax)
    }

    /// The newest view that is known.
    package var view: View { views.newest }

    /// Whoever any known view lists, as a member or learner, may speak: what is a vote is judged by its own view, and what asks or tells
    /// may come from anybody who has ever been one of the group. `key` is the one by which the channel has shown who the sender is.
    package func verify(
        _ message: PeerMessage, from sender: ReplicaID, holding key: PublicKey? = nil
    ) throws(VerificationError) -> VerifiedMessage {
        guard views.isListed(sender) else { throw .notMember(sender) }
        func said<Message>(_ message: Message) -> Verified<Message> {
            Verified(message, sender: .replica(sender), key: key)
        }
        switch message {
        case .propose(let propose): return .propose(said(try checked(propose)))
        case .write(let vote): return .write(said(try checked(vote)))
        case .accept(let vote): return .accept(said(try checked(vote)))
        case .decided(let decided): return .decided(said(try checked(decided)))
        case .stop(let stop): return .stop(said(try checked(stop)))
        case .stopData(let data): return .stopData(said(try checked(data, from: sender)))
        case .sync(let sync): return .sync(try verified(sync))
        case .checkpoint(let vote): return .checkpoint(said(try checked(vote, from: sender)))
        case .forwarded(let requests): return .forwarded(said(try checked(requests)))
        case .vouches(let vouches): return .vouches(said(vouches))
        case .fetchRequests(let fetch): return .fetchRequests(said(fetch))
        case .fetchBatch(let fetch): return .fetchBatch(said(fetch))
        case .batchBody(let body): return .batchBody(said(try checked(body)))
        case .fetchDecisions(let fetch): return .fetchDecisions(said(fetch))
        case .decisions(let decisions): return .decisions(said(try checked(decisions)))
        case .fetchCheckpoint(let fetch): return .fetchCheckpoint(said(fetch))
        case .checkpointOffer(let offer): return .checkpointOffer(said(try checked(offer)))
        case .fetchManifest(let name): return .fetchManifest(said(name))
        case .manifest(let named): return .manifest(said(try checked(named)))
        case .fetchChunks(let fetch): return .fetchChunks(said(fetch))
        case .chunk(let chunk): return .chunk(said(hashed(chunk)))
        case .progress(let progress): return .progress(said(try checked(progress)))
        case .probe(let probe): return .probe(said(probe))
        case .probeEcho(let echo): return .probeEcho(said(echo))
        case .challenge(let challenge): return .challenge(said(try checked(challenge)))
        case .challengeResponse(let response): return .challengeResponse(said(response))
        case .install(let install): return .install(said(try checked(install, from: sender)))
        case .fetchViews(let fetch): return .fetchViews(said(fetch))
        case .views(let part): return .views(said(try checked(part)))
        case .operation(let operation): return .operation(said(try checked(operation, from: sender)))
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
}
