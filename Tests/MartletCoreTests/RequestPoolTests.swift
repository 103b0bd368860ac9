// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// When a request's timer may end a regency, and which requests find room.
@Suite("Request pool")
struct RequestPoolTests {
    private let timeout = Interval.milliseconds(200)
    let start = Instant(1_000_000_000)
    private let view: View

    init() throws { view = try Samples.view() }

    func pool(perClient: Int = 64, total: Int = 64, bytes: Int = 1 << 20) -> RequestPool {
        var configuration = CoreConfiguration(view: view, replica: view.members[3].id)
        configuration.pendingPerClientMax = perClient
        configuration.pendingMax = total
        configuration.pendingBytesMax = bytes
        var pool = RequestPool(configuration: configuration)
        pool.decided = Instance(1)
        return pool
    }

    /// `opened`: the instance that its session is opened in; those above 1 are to come.
    func request(
        _ client: UInt64, _ sequence: UInt64, opened: UInt64 = 1, size: Int = 1, tag: UInt8 = 0, isSigned: Bool = false
    ) -> AdmittedRequest {
        let session = SessionID(instance: Instance(opened), place: 0)
        let payload = Bytes(repeating: tag, count: size)
        let plain = Samples.operation(Samples.client(client), session, sequence, payload)
        return isSigned ? signed(plain) : plain
    }

    /// What two members vouch for.
    func hear(_ request: AdmittedRequest, in pool: inout RequestPool) {
        for voter in [1, 2] {
            _ = pool.hear(
                AdmittedForward(admitted: request, isVouched: true), from: ReplicaIndex(voter), at: start)
        }
    }

    func signed(_ plain: AdmittedRequest) -> AdmittedRequest {
        Samples.admitted(plain.request, proof: RequestProof(digests: [plain.digest], signature: .absent))
    }

    func expire(_ pool: inout RequestPool, after milliseconds: UInt64, sessions: SessionTable? = nil)
        -> RequestPool.Expiry
    {
        pool.expire(
            at: start + .milliseconds(milliseconds), timeout: timeout, forwardBytesMax: 1 << 20,
            sessions: sessions ?? SessionTable(settings: view.settings))
    }

    func openedSession(_ session: SessionID = SessionID(instance: Instance(1), place: 0)) -> SessionTable {
        let record = SessionRecord(
            id: session, client: Samples.client(1), highest: SequenceNumber(0),
            marks: Array(repeating: 0, count: view.settings.pipelineMax / 64), repliesKeptFrom: SequenceNumber(0),
            replies: [])
        let opening = OpeningRecord(client: Samples.client(1), number: SequenceNumber(1), session: session)
        let image = CheckpointImage(
            instance: session.instance, time: .zero, view: view, sessions: [record], openings: [opening])
        return SessionTable(image: image, settings: view.settings)
    }

    private func opening(isSigned: Bool = false) -> AdmittedRequest {
        let plain = Samples.open(Samples.client(1))
        return isSigned ? signed(plain) : plain
    }

    // MARK: Timers

    @Test("The first expiry forwards a signed request, the second ends the regency")
    func twoStages() {
        var pool = pool()
        #expect(pool.add(opening(isSigned: true), at: start) == .added)
        let first = expire(&pool, after: 200)
        #expect(first.forwards.count == 1 && !first.isRegencyOver)
        #expect(!expire(&pool, after: 399).isRegencyOver)
        #expect(expire(&pool, after: 400).isRegencyOver)
    }

    @Test("What is not signed ends no regency, whoever vouches for it, and is dropped after a while")
    func unsigned() {
        var pool = pool()
        let request = opening()
        #expect(pool.add(request, at: start) == .added)
        for voter in 0...2 {
            pool.vouch(BatchEntry(id: request.id, digest: request.digest), by: ReplicaIndex(voter))
        }
        for round in 1...20 as ClosedRange<UInt64> { #expect(!expire(&pool, after: round * 200).isRegencyOver) }
        #expect(pool.count == 0)
    }

    @Test("A signature that comes after its request was forwarded is forwarded at once; the leader has a whole stage")
    func lateSignature() {
        var pool = pool()
        let plain = opening()
        #expect(pool.add(plain, at: start) == .added)
        #expect(expire(&pool, after: 200).forwards.count == 1)
        #expect(pool.add(signed(plain), at: start + .milliseconds(399)) == .known)
        let now = start + .milliseconds(399)
        #expect(pool.takeSignedLate(at: now, forwardBytesMax: 1 << 20).map(\.proof) == [signed(plain).proof])
        #expect(pool.takeSignedLate(at: now, forwardBytesMax: 1 << 20).isEmpty)
        #expect(!expire(&pool, after: 598).isRegencyOver)
        #expect(expire(&pool, after: 599).isRegencyOver)
    }

    @Test("A late signature of what was ordered meanwhile is not forwarded")
    func lateSignatureOfWhatIsGone() {
        var pool = pool()
        let plain = opening()
        #expect(pool.add(plain, at: start) == .added)
        _ = expire(&pool, after: 200)
        _ = pool.add(signed(plain), at: start + .milliseconds(399))
        pool.remove(plain.id)
        #expect(pool.add(request(2, 1), at: start) == .added)
        #expect(pool.takeSignedLate(at: start, forwardBytesMax: 1 << 20).isEmpty)
    }

    @Test(
        "A signature that is forwarded later, for want of room in a message, gives the leader a whole stage from then")
    func laterSignature() {
        var pool = pool()
        let (one, other) = (request(1, 1), request(1, 2))
        for plain in [one, other] { #expect(pool.add(plain, at: start) == .added) }
        _ = expire(&pool, after: 200, sessions: openedSession())
        for plain in [one, other] { _ = pool.add(signed(plain), at: start + .milliseconds(300)) }
        #expect(pool.takeSignedLate(at: start + .milliseconds(300), forwardBytesMax: 1).map(\.request.id) == [one.id])
        pool.remove(one.id)
        #expect(pool.hasSignedLate)
        #expect(
            pool.takeSignedLate(at: start + .milliseconds(450), forwardBytesMax: 1).map(\.request.id) == [other.id])
        #expect(!pool.hasSignedLate)
        #expect(!expire(&pool, after: 649, sessions: openedSession()).isRegencyOver)
        #expect(expire(&pool, after: 650, sessions: openedSession()).isRegencyOver)
    }

    @Test("A late signature for a session that is opened later is passed on once more before it ends a regency")
    func lateSignatureForSessionToCome() {
        var pool = pool()
        let plain = request(1, 1, opened: 5)
        #expect(pool.add(plain, at: start) == .added)
        _ = expire(&pool, after: 200)
        _ = pool.add(signed(plain), at: start + .milliseconds(300))
        #expect(pool.takeSignedLate(at: start + .milliseconds(300), forwardBytesMax: 1 << 20).count == 1)
        let table = openedSession(plain.id.session)
        pool.decided = Instance(5)
        let expiries = ([500, 700] as [UInt64]).map { expire(&pool, after: $0, sessions: table) }
        #expect(expiries.map(\.isRegencyOver) == [false, true])
        #expect(expiries[0].forwards.count == 1)
    }

    @Test("A late signature that goes out with an expiry does not go out twice")
    func lateSignatureWithExpiry() {
        var pool = pool()
        let plain = request(1, 1)
        #expect(pool.add(plain, at: start) == .added)
        _ = expire(&pool, after: 200, sessions: openedSession())
        _ = pool.add(signed(plain), at: start + .milliseconds(300))
        #expect(expire(&pool, after: 500, sessions: openedSession()).forwards.map(\.proof) == [signed(plain).proof])
        #expect(pool.takeSignedLate(at: start + .milliseconds(500), forwardBytesMax: 1 << 20).isEmpty)
    }

    /// Seed 4680 of a trial: what waited was sent again at each expiry, and filled the links that the new leader's SYNC had
    /// to pass.
    @Test("What waits on is forwarded more and more rarely")
    func forwardedMoreAndMoreRarely() {
        var pool = pool()
        #expect(pool.add(opening(isSigned: true), at: start) == .added)
        let rounds = (1...17 as ClosedRange<UInt64>).filter { !expire(&pool, after: $0 * 200).forwards.isEmpty }
        #expect(rounds == [1, 2, 3, 5, 9, 17])
    }

    // MARK: Much of one client

    /// All of it, passed on by all to all and signed, was more work than ordering it, which was late for want of time already.
    @Test("Of one client's late requests 256 wait for a signature at a time, the others for a while")
    func overload() {
        var pool = pool(perClient: 2_000, total: 4_000)
        let openings = (1...600 as ClosedRange<UInt64>).map { Samples.open(Samples.client(1), number: $0) }
        for one in openings { _ = pool.add(one, at: start) }
        _ = pool.add(Samples.open(Samples.client(2)), at: start)
        let first = expire(&pool, after: 200)
        #expect(first.unsigned.map(\.sequence.rawValue) == Array(1...256) + [1])
        #expect(first.forwards.count == 257)
        for one in openings[..<100] { pool.remove(one.id) }
        #expect(expire(&pool, after: 400).unsigned.map(\.sequence.rawValue) == Array(257...356))
        for after in [600, 800] as [UInt64] { #expect(expire(&pool, after: after).unsigned.isEmpty) }
        #expect(expire(&pool, after: 1_000).unsigned.map(\.sequence.rawValue) == Array(357...600))
    }

    @Test("Of what strict mode asked to have signed no more is passed on at a time than else", arguments: [256, 257])
    func overloadInStrictMode(count: Int) {
        var pool = pool(perClient: 2_000, total: 4_000)
        let requests = (1...UInt64(count)).map { request(1, $0) }
        for one in requests {
            _ = pool.add(one, at: start)
            pool.noteAsked(one.id)
        }
        let first = expire(&pool, after: 200, sessions: openedSession())
        #expect(first.forwards.count == (count > 256 ? 0 : 256))
        #expect(first.unsigned.isEmpty)
        guard count > 256 else { return }
        _ = pool.add(signed(requests[0]), at: start)
        #expect(expire(&pool, after: 400, sessions: openedSession()).forwards.count == count)
    }

    /// One client that signed nothing had all that it poured into each member copied by all to all, six times.
    @Test("What a client does not sign is passed on once, and of one that owes much nothing more")
    func owingClient() {
        var pool = pool(perClient: 2_000, total: 4_000)
        for number in 1...600 as ClosedRange<UInt64> {
            _ = pool.add(Samples.open(Samples.client(1), number: number), at: start)
        }
        var passed: [UInt64] = []
        for round in 1...10 as ClosedRange<UInt64> {
            passed += expire(&pool, after: round * 200).forwards.map(\.request.id.sequence.rawValue)
        }
        #expect(passed == Array(1...256))
        #expect(pool.count == 344)
    }

    @Test("Few large requests that wait for a signature are as much as many small ones")
    func owingBytes() {
        var pool = pool(bytes: 64 << 20)
        for sequence in 1...5 as ClosedRange<UInt64> {
            #expect(pool.add(request(1, sequence, size: 1 << 20), at: start) == .added)
        }
        var asked: [UInt64] = []
        for _ in 1...6 {
            let expiry = expire(&pool, after: 200, sessions: openedSession())
            asked += expiry.unsigned.map(\.sequence.rawValue)
            #expect(expiry.forwards.count == expiry.unsigned.count)
        }
        #expect(asked == [1, 2])
    }

    /// It was left with one member each time, which others learned when that one led.
    @Test("Of a client that owes a signature only what is signed is proposed")
    func owingIsNotProposed() {
        var pool = pool()
        let (asked, other, signedOne) = (request(1, 1), request(1, 2), request(1, 3, isSigned: true))
        for one in [asked, other, signedOne, request(2, 1)] { #expect(pool.add(one, at: start) == .added) }
        pool.noteAsked(asked.id)
        let batch = pool.takeBatch(for: Instance(2), isStrict: false)
        #expect(batch.map(\.id) == [signedOne.id, request(2, 1).id])
        #expect(!pool.hasProposable(isStrict: false))
        _ = pool.add(signed(asked), at: start)
        #expect(pool.hasProposable(isStrict: false))
        #expect(pool.takeBatch(for: Instance(3), isStrict: false).map(\.id) == [asked.id, other.id])
    }

    @Test("A client whose request for which it owed a signature is gone owes nothing more")
    func owingEnds() {
        var pool = pool()
        let (asked, other) = (request(1, 1), request(1, 2))
        for one in [asked, other] { #expect(pool.add(one, at: start) == .added) }
        pool.noteAsked(asked.id)
        #expect(pool.takeBatch(for: Instance(2), isStrict: false).isEmpty)
        pool.remove(asked.id)
        #expect(pool.takeBatch(for: Instance(2), isStrict: false).map(\.id) == [other.id])
    }

    @Test("What is signed does not wait for what its client has not signed")
    func signedBehindUnsigned() {
        var pool = pool(perClient: 2_000, total: 4_000)
        let openings = (1...600 as ClosedRange<UInt64>).map { Samples.open(Samples.client(1), number: $0) }
        for one in openings { _ = pool.add(one, at: start) }
        pool.decided = Instance(9)
        _ = pool.add(signed(openings[599]), at: start)
        #expect(expire(&pool, after: 200).forwards.count == 257)
        #expect(expire(&pool, after: 400).isRegencyOver)
    }

    @Test("What others told of is its client's to have signed once it has come from it")
    func hearsayComesTrue() throws {
        var pool = pool()
        let opening = opening()
        hear(opening, in: &pool)
        #expect(pool.count == 1)
        #expect(expire(&pool, after: 200).unsigned.isEmpty)
        #expect(pool.add(opening, at: start + .milliseconds(250)) == .known)
        let expiry = expire(&pool, after: 450)
        #expect(expiry.unsigned == [opening.id])
        #expect(expiry.forwards.count == 1)
    }

    /// What one dropped came back with what another passed on.
    @Test("What is signed for a session that is never opened is passed on by whom its client sent it to only")
    func signedForNoSession() {
        var pool = pool()
        let session = SessionID(instance: Instance(1_000), place: 0)
        let request = signed(Samples.operation(Samples.client(1), session, 1))
        _ = pool.hear(AdmittedForward(admitted: request, isVouched: true), from: ReplicaIndex(1), at: start)
        #expect(pool.count == 1)
        for round in 1...12 as ClosedRange<UInt64> {
            let expiry = expire(&pool, after: 200 * round)
            #expect(expiry.forwards.isEmpty && !expiry.isRegencyOver)
        }
        #expect(pool.count == 0)
    }

    /// A client signed for many sessions to come, a liar passed that on to one member only, and the opening made one of them
    /// true: the leader had never been given it.
    @Test("What was signed for a session that is opened later is passed on before it ends a regency")
    func signedForSessionToCome() {
        var pool = pool()
        let session = SessionID(instance: Instance(5), place: 0)
        let request = signed(Samples.operation(Samples.client(1), session, 1))
        _ = pool.hear(AdmittedForward(admitted: request, isVouched: true), from: ReplicaIndex(1), at: start)
        #expect(expire(&pool, after: 200).forwards.isEmpty)
        let table = openedSession(session)
        pool.decided = Instance(5)
        let shown = expire(&pool, after: 400, sessions: table)
        #expect(shown.forwards.count == 1 && !shown.isRegencyOver)
        #expect(expire(&pool, after: 600, sessions: table).isRegencyOver)
    }

    // MARK: Batches

    @Test("One client has a quarter of a batch at most, whoever else waits")
    func share() {
        var pool = pool(perClient: 2_000, total: 4_000)
        for sequence in 1...1_500 as ClosedRange<UInt64> { _ = pool.add(request(1, sequence), at: start) }
        for client in 2...11 as ClosedRange<UInt64> { _ = pool.add(request(client, 1), at: start) }
        let first = pool.takeBatch(for: Instance(2), isStrict: false)
        #expect(first.count { $0.id.client == Samples.client(1) } == 256)
        #expect(first.count == 266)
        let second = pool.takeBatch(for: Instance(3), isStrict: false)
        #expect(second.count == 256)
    }

    @Test("A new leader's first batch has room for a client that had its share of the old one's")
    func shareAfterLeaderChange() {
        var pool = pool(perClient: 2_000, total: 4_000)
        for sequence in 1...300 as ClosedRange<UInt64> { _ = pool.add(request(1, sequence), at: start) }
        #expect(pool.takeBatch(for: Instance(2), isStrict: false).count == 256)
        pool.takeBack()
        #expect(pool.takeBatch(for: Instance(2), isStrict: false).count == 256)
    }

    @Test("In strict mode a client's many unsigned requests do not hide its signed one")
    func manyUnsignedBefore() {
        var pool = pool(perClient: 2_000, total: 2_000)
        for sequence in 1...1_000 as ClosedRange<UInt64> { _ = pool.add(request(1, sequence), at: start) }
        let real = request(1, 1_001, isSigned: true)
        #expect(pool.add(real, at: start) == .added)
        let batch = pool.takeBatch(for: Instance(2), isStrict: true)
        #expect(batch == [BatchEntry(id: real.id, digest: real.digest)])
    }
}
