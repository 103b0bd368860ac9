// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

/// A group of five whose member 4 is removed in view 2, into which replica 7 comes as a learner in view 3, and whose member 1 is given
/// another key in view 4. View v ends with instance 10 · v.
@Suite("Who may speak, as members change")
struct MembershipTests {
    let administrator = TestGroup.key(50)
    let newcomer = TestGroup.key(70)
    let newKey = TestGroup.key(71)
    let group: TestGroup
    let verifier: Verifier<Ed25519Scheme>
    let chain: [View]

    init() throws {
        let administrator = TestGroup.key(50)
        group = try TestGroup(n: 5, administration: Administration(keys: [administrator.publicKey], needed: 1))
        let learner = Member(
            id: ReplicaID(7), key: TestGroup.key(70).publicKey, host: "localhost", port: 7007, isHeavy: false)
        let former = group.view[ReplicaIndex(1)]
        let rotated = Member(
            id: former.id, key: TestGroup.key(71).publicKey, host: former.host, port: former.port, isHeavy: false)
        var views = [group.view]
        for operation in [.remove(ReplicaID(4)), .add(Learner(learner)), .update(rotated)] as [GroupOperation] {
            let last = views[views.count - 1]
            let share = AdministratorShare(administrator: administrator.publicKey, signature: .absent)
            views.append(try last.successor(Reconfiguration(after: last, operation, shares: [share])))
        }
        chain = views
        verifier = group.verifier
        for view in views.dropFirst() { verifier.views.add(KnownViewTests.proof(of: view)) }
    }

    private func error(_ message: PeerMessage, from sender: UInt16) -> VerificationError? {
        do {
            _ = try verifier.verify(message, from: ReplicaID(sender))
            return nil
        } catch {
            return error
        }
    }

    private func sealed(_ message: PeerMessage, by sender: UInt16, _ key: SigningKey) -> PeerMessage {
        Sealer(group: group.view.group, replica: ReplicaID(sender), key: key, scheme: group.scheme).seal(message)
    }

    @Test("each replica is known as the newest view lists it that does")
    func listings() throws {
        let views = verifier.views
        #expect(views.newest.number == ViewNumber(4))
        for id in [0, 1, 2, 3, 4, 7] as [UInt16] { #expect(views.isListed(ReplicaID(id))) }
        for id in [5, 6, 8, .max] as [UInt16] {
            #expect(!views.isListed(ReplicaID(id)) && views.listing(of: ReplicaID(id)) == nil)
        }
        #expect([0, 1, 2, 3, 4, 7].map { views.isPresent(ReplicaID($0)) } == [true, true, true, true, false, true])
        let removed = try #require(views.listing(of: ReplicaID(4)))
        #expect(removed.view == .genesis && removed.member.key == group.keys[4].publicKey)
        let rotated = try #require(views.listing(of: ReplicaID(1)))
        #expect(rotated.member.key == newKey.publicKey && rotated.view == ViewNumber(4))
        #expect(rotated.replacement(of: group.keys[1].publicKey) == ViewNumber(4))
        #expect(rotated.replacement(of: newKey.publicKey) == nil && rotated.replacement(of: newcomer.publicKey) == nil)
    }

    @Test("a key's holder is the one that has it now")
    func holders() throws {
        let views = verifier.views
        #expect(views.holder(of: newKey.publicKey) == ReplicaID(1))
        #expect(views.holder(of: group.keys[1].publicKey) == nil)
        #expect(views.holder(of: newcomer.publicKey) == ReplicaID(7))
        #expect(views.holder(of: group.keys[4].publicKey) == ReplicaID(4))
        // Another replica comes with the key of the one that was removed.
        let again = Member(
            id: ReplicaID(9), key: group.keys[4].publicKey, host: "localhost", port: 7009, isHeavy: false)
        let share = AdministratorShare(administrator: administrator.publicKey, signature: .absent)
        let next = try chain[3].successor(Reconfiguration(after: chain[3], .add(Learner(again)), shares: [share]))
        views.add(KnownViewTests.proof(of: next))
        #expect(views.holder(of: group.keys[4].publicKey) == ReplicaID(9))
    }

    @Test("so many former keys are remembered")
    func formerKeys() {
        var listing = ReplicaListing(chain[0][ReplicaIndex(1)], in: .genesis)
        for number in 2...40 as ClosedRange<UInt64> {
            let member = Member(
                id: ReplicaID(1), key: TestGroup.key(UInt8(100 + number)).publicKey, host: "localhost", port: 1,
                isHeavy: false)
            listing.note(member, in: ViewNumber(number))
            listing.note(member.weighted(isHeavy: true), in: ViewNumber(number))
        }
        #expect(listing.formerKeys.count == ReplicaListing.formerKeysMax)
        #expect(listing.replacement(of: TestGroup.key(139).publicKey) == ViewNumber(40))
        #expect(listing.replacement(of: TestGroup.key(102).publicKey) == nil)
    }

    @Test("whoever is or was in the group may ask and tell, and nobody else")
    func asking() {
        let progress = PeerMessage.progress(
            Progress(
                epoch: group.epoch(1), isSynced: true, mode: .learner, decided: .zero, stableCheckpoint: .zero,
                asksForHelp: true))
        for message in [
            progress, .fetchViews(FetchViews(after: .genesis)), .fetchDecisions(FetchDecisions(first: Instance(1))),
        ] {
            for id in [0, 1, 4, 7] as [UInt16] { #expect(error(message, from: id) == nil) }
            for id in [5, 8, .max] as [UInt16] { #expect(error(message, from: id) == .notMember(ReplicaID(id))) }
        }
    }

    @Test("a signed vote counts by its own view: nobody votes before it is a member, after it, or with another key")
    func votes() {
        func checkpoint(_ view: UInt64, _ sender: UInt16, _ key: SigningKey) -> VerificationError? {
            let vote = CheckpointVote(view: ViewNumber(view), instance: Instance(10 * view), digest: digest(1))
            return error(sealed(.checkpoint(vote), by: sender, key), from: sender)
        }
        #expect(checkpoint(1, 4, group.keys[4]) == nil)
        #expect(checkpoint(2, 4, group.keys[4]) == .invalidSignature)
        #expect(checkpoint(3, 7, newcomer) == .invalidSignature)
        #expect(checkpoint(3, 1, group.keys[1]) == nil && checkpoint(4, 1, newKey) == nil)
        #expect(checkpoint(3, 1, newKey) == .invalidSignature && checkpoint(4, 1, group.keys[1]) == .invalidSignature)
        func install(_ view: Int, _ sender: UInt16, _ key: SigningKey) -> VerificationError? {
            let install = Install(
                view: ViewNumber(UInt64(view)), last: Instance(10 * UInt64(view)), next: chain[view])
            return error(sealed(.install(install), by: sender, key), from: sender)
        }
        #expect(install(1, 4, group.keys[4]) == nil)
        #expect(install(2, 4, group.keys[4]) == .notMember(ReplicaID(4)))
        #expect(install(3, 7, newcomer) == .notMember(ReplicaID(7)))
    }

    @Test("STOPDATA is its epoch's members', also of a view that has ended")
    func stopData() {
        func error(_ view: UInt64, _ sender: UInt16, _ key: SigningKey) -> VerificationError? {
            let data = StopData(
                epoch: Epoch(view: ViewNumber(view), regency: Regency(2)), sender: ReplicaID(sender), base: nil,
                checkpoint: nil, claims: [])
            return self.error(sealed(.stopData(data), by: sender, key), from: sender)
        }
        #expect(error(1, 4, group.keys[4]) == nil)
        #expect(error(2, 4, group.keys[4]) == .stopData(ReplicaID(4), .notMember))
        #expect(error(3, 7, newcomer) == .stopData(ReplicaID(7), .notMember))
    }

    @Test("an operation is its author's by the key that it has now, learners' too")
    func operations() throws {
        func operation(_ sender: UInt16, _ key: SigningKey) -> PeerMessage {
            let request = Request.rejoin(
                Rejoin(view: ViewNumber(4), incarnation: 5), number: SequenceNumber(1), by: key.publicKey)
            return sealed(.operation(ReplicaOperation(request: request)), by: sender, key)
        }
        func isTaken(_ sender: UInt16, _ key: SigningKey) -> Bool { error(operation(sender, key), from: sender) == nil }
        #expect(isTaken(7, newcomer) && isTaken(1, newKey) && isTaken(0, group.keys[0]))
        #expect(!isTaken(1, group.keys[1]) && !isTaken(7, newKey) && !isTaken(0, newcomer))
        // Passed on among others: one of nobody who is known costs the rest nothing.
        func forward(_ sender: UInt16, _ key: SigningKey) throws -> ForwardedRequest {
            guard case .operation(let it) = operation(sender, key) else { throw VerificationError.invalidSignature }
            let proof = RequestProof(digests: [group.hash(it.request)], signature: it.signature)
            return ForwardedRequest(request: it.request, isVouched: false, proof: proof)
        }
        let forwards = [try forward(7, newcomer), try forward(1, group.keys[1]), try forward(1, newKey)]
        guard case .forwarded(let verified) = try verifier.verify(.forwarded(forwards), from: ReplicaID(2)) else {
            Issue.record("it is another message")
            return
        }
        #expect(verified.message.map(\.admitted.request) == [forwards[0].request, forwards[2].request])
        #expect(verified.message.allSatisfy { $0.admitted.proof != nil })
    }

    @Test("a dummy proposal may be as large as any view's largest proposal")
    func padding() throws {
        var settings = chain[3].settings
        settings.batchRequestsMax = 1
        let plan = ViewPlan(heavy: chain[3].plan.heavy, leaderOrder: chain[3].plan.leaderOrder, settings: settings)
        verifier.views.add(KnownViewTests.proof(of: try chain[3].successor(plan)))
        let largest = chain[0].proposalBytes(entries: chain[0].batchEntriesMax)
        func challenge(_ count: Int) -> PeerMessage {
            .challenge(Challenge(.dummyProposal(padding: Bytes(repeating: 0, count: count)), number: 1))
        }
        #expect(error(challenge(largest), from: 2) == nil)
        #expect(error(challenge(largest + 1), from: 2) == .paddingTooLong(largest + 1))
    }
}
