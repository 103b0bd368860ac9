// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

/// Two of three administrators must sign.
@Suite("Operations on the group")
struct ReconfigurationTests {
    let group: TestGroup
    let verifier: Verifier<Ed25519Scheme>
    let administrators = [50, 51, 52].map { TestGroup.key($0) }
    let stranger = TestGroup.key(60)
    let client = ClientID(TestGroup.key(100).publicKey)

    init() throws {
        group = try TestGroup(administration: Administration(keys: administrators.map(\.publicKey), needed: 2))
        verifier = group.verifier
    }

    func operation(view: UInt64 = 1, number: UInt64 = 1, window: Int = 4) -> Reconfiguration {
        var settings = group.view.settings
        settings.window = window
        let plan = group.view.plan
        return Reconfiguration(
            view: ViewNumber(view), number: OperationNumber(number),
            operation: .arrange(ViewPlan(heavy: plan.heavy, leaderOrder: plan.leaderOrder, settings: settings)))
    }

    func signed(
        by keys: [SigningKey], _ operation: Reconfiguration? = nil, group other: Digest? = nil
    ) -> Reconfiguration {
        keys.reduce(operation ?? self.operation()) { signed, key in
            AdministratorSealer(
                group: other ?? group.view.group, publicKey: key.publicKey, key: key, scheme: group.scheme
            ).sign(signed)
        }
    }

    func request(_ operation: Reconfiguration, session: SessionID = SessionID(instance: Instance(1), place: 0))
        -> Request
    {
        Request(
            id: RequestID(client: client, session: session, sequence: SequenceNumber(1)),
            kind: .reconfiguration(operation), repliesKeptFrom: SequenceNumber(0), payload: [])
    }

    /// The same whether the client brings it or a replica passes it on; who passes on one that is not taken may know other
    /// administrators, and what travels with it is.
    func isTaken(_ operation: Reconfiguration, by other: Verifier<Ed25519Scheme>? = nil) throws -> Bool {
        let (request, verifier) = (request(operation), other ?? self.verifier)
        func isTaken(_ verify: () throws(VerificationError) -> Void) -> Bool {
            do {
                try verify()
                return true
            } catch {
                #expect(error == .notAuthorised(request.id))
                return false
            }
        }
        let direct = isTaken { () throws(VerificationError) in
            _ = try verifier.verify(RequestBundle(requests: [request], signature: nil), from: client)
        }
        let plain = Request(
            id: request.id, kind: .operation, repliesKeptFrom: request.repliesKeptFrom, payload: [1])
        let forwards = [request, plain].map { ForwardedRequest(request: $0, isVouched: true, proof: nil) }
        guard case .forwarded(let admitted) = try verifier.verify(.forwarded(forwards), from: ReplicaID(1)) else {
            preconditionFailure("it was verified as something else")
        }
        #expect(admitted.message.map(\.admitted.request) == (direct ? [request, plain] : [plain]))
        return direct
    }

    func isRefused(_ operation: Reconfiguration, by other: Verifier<Ed25519Scheme>? = nil) throws -> Bool {
        try isTaken(operation, by: other) == false
    }

    @Test("it has no payload: what its administrators have not signed does not travel along")
    func payload() {
        let good = request(signed(by: Array(administrators[0...1])))
        let padded = Request(id: good.id, kind: good.kind, repliesKeptFrom: good.repliesKeptFrom, payload: [1])
        #expect(throws: VerificationError.malformedRequest(good.id)) {
            try verifier.verify(RequestBundle(requests: [padded], signature: nil), from: client)
        }
        let forward = ForwardedRequest(request: padded, isVouched: true, proof: nil)
        #expect(throws: VerificationError.malformedRequest(good.id)) {
            try verifier.verify(.forwarded([forward]), from: ReplicaID(1))
        }
    }

    @Test("as many administrators as are needed have it done, and more may sign")
    func enough() throws {
        for signers in [[0, 1], [0, 2], [2, 1], [0, 1, 2]] {
            #expect(try isTaken(signed(by: signers.map { administrators[$0] })))
        }
    }

    @Test("too few are not enough, nor one of them twice, nor a stranger")
    func tooFew() throws {
        #expect(try isRefused(operation()))
        #expect(try isRefused(signed(by: [administrators[0]])))
        #expect(try isRefused(signed(by: [administrators[0], administrators[0]])))
        #expect(try isRefused(signed(by: [administrators[0], stranger])))
        #expect(try isRefused(signed(by: [stranger, TestGroup.key(61)])))
        // What a liar writes, not what the sealer makes.
        var doubled = signed(by: [administrators[0]])
        doubled.shares += doubled.shares
        #expect(try isRefused(doubled))
        var borrowed = signed(by: [administrators[0]])
        borrowed.shares.append(
            AdministratorShare(administrator: administrators[1].publicKey, signature: borrowed.shares[0].signature))
        #expect(try isRefused(borrowed))
    }

    @Test("one signature too many that is not valid spoils it")
    func spoiled() throws {
        var operation = signed(by: Array(administrators[0...1]))
        operation.shares.append(AdministratorShare(administrator: administrators[2].publicKey, signature: .absent))
        #expect(try isRefused(operation))
        #expect(try isRefused(signed(by: administrators + [stranger])))
    }

    @Test("signatures are for this operation, in this view, on this group")
    func binding() throws {
        let two = Array(administrators[0...1])
        let shares = signed(by: two).shares
        for other in [operation(window: 5), operation(view: 2), operation(number: 2)] {
            #expect(try isTaken(signed(by: two, other)))
            #expect(
                try isRefused(
                    Reconfiguration(
                        view: other.view, number: other.number, operation: other.operation, shares: shares)))
        }
        #expect(try isRefused(signed(by: two, group: digest(9))))
    }

    @Test("who was an administrator asks again for what was done then, and for nothing else")
    func formerAdministrators() throws {
        let two = Array(administrators[0...1])
        let last = signed(
            by: two,
            Reconfiguration(
                view: group.view.number, number: OperationNumber(1),
                operation: .administer(Administration(keys: [stranger.publicKey], needed: 1))))
        let next = try group.view.successor(last)
        verifier.views.add(ViewCertificate(view: group.view.number, last: Instance(10), next: next, shares: []))
        #expect(verifier.views.newest.administration.keys == [stranger.publicKey])
        #expect(try isTaken(last))
        #expect(try isTaken(signed(by: two)), "of two with one number the other was done")
        #expect(try isRefused(signed(by: [administrators[0]])))
        for view in [1, 2] as [UInt64] { #expect(try isRefused(signed(by: two, operation(view: view, number: 2)))) }
        #expect(try isRefused(signed(by: two, operation(view: 3, number: 2))))
        #expect(try isTaken(signed(by: [stranger], operation(view: 2, number: 2))))
    }

    @Test("a group without administrators is reconfigured by nobody")
    func nobody() throws {
        let without = try TestGroup().verifier
        #expect(try isRefused(operation(), by: without))
        #expect(try isRefused(signed(by: administrators), by: without))
    }

    @Test("it is a request like others: of a session, in its client's own name")
    func asRequest() {
        let good = signed(by: administrators)
        let homeless = request(good, session: .none)
        #expect(throws: VerificationError.malformedRequest(homeless.id)) {
            try verifier.verify(RequestBundle(requests: [homeless], signature: nil), from: client)
        }
        let thief = ClientID(stranger.publicKey)
        #expect(throws: VerificationError.foreignClient(request(good).id)) {
            try verifier.verify(RequestBundle(requests: [request(good)], signature: nil), from: thief)
        }
    }

    @Test("signing again replaces one's signature, and shares ascend by key")
    func sealing() {
        let all = signed(by: administrators.reversed())
        #expect(all.shares.map(\.administrator) == administrators.map(\.publicKey).sorted())
        #expect(signed(by: administrators, all) == all)
    }
}

@Suite("What a client is told of views")
struct ReplyVerifierTests {
    @Test("a client follows proved views, and is not given forged ones")
    func views() throws {
        let first = try TestGroup(n: 5)
        let second = try first.following(heavy: [3, 4])
        let third = try second.following(heavy: [0, 1])
        let verifier = ReplyVerifier(view: first.view, scheme: first.scheme)
        func error(_ certificates: ViewCertificate..., from sender: UInt16 = 0) -> VerificationError? {
            do {
                let part = ViewChainPart(certificates: certificates)
                let verified = try verifier.verify(.views(part), from: ReplicaID(sender))
                #expect(verified.message == .views(part) && verified.sender == .replica(ReplicaID(sender)))
                return nil
            } catch {
                return error
            }
        }
        let (toSecond, toThird) = (
            first.proof(of: second.view, last: 10), second.proof(of: third.view, last: 20, by: [2, 3, 4])
        )
        #expect(error(toSecond, from: 9) == .notMember(ReplicaID(9)))
        #expect(error(toThird) == .wrongView(ViewNumber(2)))
        for light in [[0], [0, 1], [2, 3, 4]] {
            #expect(error(first.proof(of: second.view, last: 10, by: light)) == .invalidCertificate(Instance(10)))
        }
        #expect(error(toSecond) == nil)
        #expect(error(second.proof(of: third.view, last: 20, by: [0, 1, 2])) == .invalidCertificate(Instance(20)))
        #expect(error(toSecond, toThird, from: 4) == nil)
    }
}
