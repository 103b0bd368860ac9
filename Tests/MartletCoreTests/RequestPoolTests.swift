// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// When a request's timer may end a regency, and which requests find room.
@Suite("Request pool")
struct RequestPoolTests {
    private let timeout = Interval.milliseconds(200)
    private let start = Instant(1_000_000_000)
    private let view: View

    init() throws { view = try Samples.view() }

    private func pool(perClient: Int = 64, total: Int = 64) -> RequestPool {
        var configuration = CoreConfiguration(view: view, replica: view.members[3].id)
        configuration.pendingPerClientMax = perClient
        configuration.pendingMax = total
        var pool = RequestPool(configuration: configuration)
        pool.decided = Instance(1)
        return pool
    }

    private func request(_ client: UInt64, _ sequence: UInt64, tag: UInt8 = 0, isSigned: Bool = false)
        -> AdmittedRequest
    {
        let session = SessionID(instance: Instance(1), place: 0)
        let plain = Samples.operation(Samples.client(client), session, sequence, [tag])
        return isSigned ? signed(plain) : plain
    }

    private func signed(_ plain: AdmittedRequest) -> AdmittedRequest {
        Samples.admitted(plain.request, proof: RequestProof(digests: [plain.digest], signature: .absent))
    }

    private func expire(_ pool: inout RequestPool, after milliseconds: UInt64) -> RequestPool.Expiry {
        pool.expire(
            at: start + .milliseconds(milliseconds), timeout: timeout, forwardBytesMax: 1 << 20,
            sessions: SessionTable(settings: view.settings))
    }

    private func openedSession(_ session: SessionID) -> SessionTable {
        let record = SessionRecord(
            id: session, client: Samples.client(1), highest: SequenceNumber(0),
            marks: Array(repeating: 0, count: view.settings.pipelineMax / 64), repliesKeptFrom: SequenceNumber(0),
            replies: [])
        let opening = OpeningRecord(client: Samples.client(1), number: SequenceNumber(1), session: session)
        let image = CheckpointImage(
            instance: session.instance, time: .zero, view: view, sessions: [record], openings: [opening], application: [])
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
        #expect(pool.takeSignedLate(forwardBytesMax: 1 << 20).map(\.proof) == [signed(plain).proof])
        #expect(pool.takeSignedLate(forwardBytesMax: 1 << 20).isEmpty)
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
        #expect(pool.takeSignedLate(forwardBytesMax: 1 << 20).isEmpty)
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

    // MARK: Room

    @Test("What is signed takes the place of another content under its name that is not")
    func signedDisplaces() {
        var pool = pool()
        let (other, real) = (request(1, 1, tag: 1), request(1, 1, tag: 2, isSigned: true))
        #expect(pool.add(other, at: start) == .added)
        #expect(pool.add(request(1, 1, tag: 2), at: start) == .conflicting)
        #expect(pool.add(real, at: start) == .added)
        #expect(pool.add(other, at: start) == .conflicting)
        let batch = pool.takeBatch(for: Instance(2), isStrict: true)
        #expect(batch == [BatchEntry(id: real.id, digest: real.digest)])
        #expect(pool.add(request(1, 1, tag: 3, isSigned: true), at: start) == .conflicting)
    }

    @Test("What is signed finds room among what is not, of its client and of others", arguments: [(4, 64), (64, 4)])
    func signedFindsRoom(perClient: Int, total: Int) {
        var pool = pool(perClient: perClient, total: total)
        for sequence in 1...4 as ClosedRange<UInt64> { #expect(pool.add(request(1, sequence), at: start) == .added) }
        #expect(pool.add(request(1, 5), at: start) == .full)
        for sequence in 5...8 as ClosedRange<UInt64> {
            #expect(pool.add(request(1, sequence, isSigned: true), at: start) == .added)
        }
        #expect(pool.count == 4)
        #expect(pool.add(request(1, 9, isSigned: true), at: start) == .full)
    }

    @Test("What is signed but of a session to come finds no room among what is not")
    func sessionsToCome() {
        var pool = pool(perClient: 64, total: 4)
        for sequence in 1...4 as ClosedRange<UInt64> { #expect(pool.add(request(1, sequence), at: start) == .added) }
        let plain = Samples.operation(Samples.client(2), SessionID(instance: Instance(9), place: 0), 1)
        #expect(pool.add(signed(plain), at: start) == .full)
        #expect(pool.add(request(2, 1, isSigned: true), at: start) == .added)
    }

    @Test("What a client was asked to sign does not keep it from being read")
    func askedToSign() {
        var pool = pool()
        let openings = (1...4 as ClosedRange<UInt64>).map { Samples.open(Samples.client(1), number: $0) }
        for one in openings { _ = pool.add(one, at: start) }
        #expect(pool.queued(of: Samples.client(1)).requests == 4)
        _ = expire(&pool, after: 200)
        #expect(pool.queued(of: Samples.client(1)).requests == 0)
        _ = pool.add(signed(openings[1]), at: start + .milliseconds(201))
        #expect(pool.queued(of: Samples.client(1)).requests == 0)
        for other in [0, 2] { _ = pool.add(signed(openings[other]), at: start + .milliseconds(201)) }
        pool.remove(openings[3].id)
        #expect(pool.queued(of: Samples.client(1)).requests == 3)
    }

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
        for voter in [1, 2] {
            _ = pool.hear(
                AdmittedForward(admitted: opening, isVouched: true), from: ReplicaIndex(voter), at: start)
        }
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
        var table = SessionTable(settings: view.settings)
        func expire(after milliseconds: UInt64) -> RequestPool.Expiry {
            pool.expire(
                at: start + .milliseconds(milliseconds), timeout: timeout, forwardBytesMax: 1 << 20, sessions: table)
        }
        #expect(expire(after: 200).forwards.isEmpty)
        table = openedSession(session)
        pool.decided = Instance(5)
        let shown = expire(after: 400)
        #expect(shown.forwards.count == 1 && !shown.isRegencyOver)
        #expect(expire(after: 600).isRegencyOver)
    }

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

/// What a replica says about requests that another one lacks.
@Suite("Hearsay")
struct HearsayTests {
    let liar = ReplicaIndex(3)

    private func request(_ sequence: UInt64, size: Int, tag: UInt8 = 0) -> AdmittedRequest {
        let id = RequestID(
            client: Samples.client(1), session: SessionID(instance: Instance(1), place: 0),
            sequence: SequenceNumber(sequence))
        let request = Request(
            id: id, kind: .operation, repliesKeptFrom: SequenceNumber(0), payload: Bytes(repeating: tag, count: size))
        return AdmittedRequest(
            request: request, digest: Digest(words: Words32(sequence, UInt64(tag), 1, 1)), proof: nil)
    }

    @Test("One liar's many bodies under one name push out nobody's word")
    func manyBodies() {
        var hearsay = Hearsay(n: 4)
        for tag in 1...20 { hearsay.keep(request(1, size: 10, tag: UInt8(tag)), by: liar) }
        let real = request(1, size: 10)
        let entry = BatchEntry(id: real.id, digest: real.digest)
        for honest in 0...1 { hearsay.vouch(entry, by: ReplicaIndex(honest)) }
        hearsay.keep(real, by: ReplicaIndex(0))
        #expect(hearsay.vouchers(of: entry).count == 2)
        #expect(hearsay.body(of: entry) == real)
    }

    @Test("One liar's large bodies under names that another brought up push out nobody's word")
    func largeBodies() {
        var hearsay = Hearsay(n: 4)
        let real = (1...40).map { request(UInt64($0), size: 10) }
        for one in real { hearsay.vouch(BatchEntry(id: one.id, digest: one.digest), by: ReplicaIndex(0)) }
        for sequence in 1...40 { hearsay.keep(request(UInt64(sequence), size: 1 << 20, tag: 9), by: liar) }
        for one in real {
            #expect(hearsay.vouchers(of: BatchEntry(id: one.id, digest: one.digest)).count == 1)
        }
    }

    @Test("A replica's bodies are bounded in bytes, whoever brought up the names")
    func bounded() {
        var hearsay = Hearsay(n: 4)
        for sequence in 1...40 {
            let one = request(UInt64(sequence), size: 1 << 20)
            if sequence % 2 == 0 { hearsay.vouch(BatchEntry(id: one.id, digest: one.digest), by: ReplicaIndex(0)) }
            hearsay.keep(one, by: liar)
        }
        let kept = (1...40).count { sequence in
            let one = request(UInt64(sequence), size: 1 << 20)
            return hearsay.body(of: BatchEntry(id: one.id, digest: one.digest)) != nil
        }
        #expect(kept <= 16)
    }

    @Test("One liar that brings the same names again and again, with ever new bodies, leaves nothing of the old")
    func newBodiesForOldNames() {
        var hearsay = Hearsay(n: 4)
        for round in 1...5 as ClosedRange<UInt8> {
            for sequence in 1...UInt64(Hearsay.perReplicaMax) {
                hearsay.keep(request(sequence, size: 1, tag: round), by: liar)
            }
        }
        #expect(hearsay.count <= Hearsay.perReplicaMax)
        for sequence in [1, 100, 4_000] as [UInt64] {
            #expect(hearsay.versions(of: request(sequence, size: 1).id) <= 1)
        }
    }

    @Test("A replica's newest word for a request counts, not its first")
    func newestWord() {
        var hearsay = Hearsay(n: 4)
        let (other, real) = (request(1, size: 10, tag: 1), request(1, size: 10, tag: 2))
        for one in [other, real] {
            hearsay.vouch(BatchEntry(id: one.id, digest: one.digest), by: ReplicaIndex(0))
        }
        #expect(hearsay.vouchers(of: BatchEntry(id: real.id, digest: real.digest)).count == 1)
        #expect(hearsay.vouchers(of: BatchEntry(id: other.id, digest: other.digest)).isEmpty)
    }
}
