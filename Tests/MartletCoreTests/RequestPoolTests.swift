// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// When a request's timer may end a regency.
@Suite("Request timers")
struct RequestTimerTests {
    private let timeout = Interval.milliseconds(200)
    private let start = Instant(1_000_000_000)

    private func pool() throws -> RequestPool {
        let view = try Samples.view()
        return RequestPool(
            configuration: CoreConfiguration(view: view, replica: view.members[3].id), me: ReplicaIndex(3))
    }

    private func expire(_ pool: inout RequestPool, after milliseconds: UInt64) -> RequestPool.Expiry {
        pool.expire(
            at: start + .milliseconds(milliseconds), timeout: timeout, forwardBytesMax: 1 << 20, decided: Instance(1))
    }

    @Test("The vouch that was lacking gives the leader the whole second stage, when it comes just before its end")
    func lateVouch() throws {
        var pool = try pool()
        let request = Samples.open(Samples.client(1))
        let entry = BatchEntry(id: request.id, digest: request.digest)
        #expect(pool.add(request, at: start) == .added)
        pool.vouch(entry, by: ReplicaIndex(2), at: start)
        #expect(expire(&pool, after: 200).forwards.count == 1)
        pool.vouch(entry, by: ReplicaIndex(1), at: start + .milliseconds(399))
        #expect(!expire(&pool, after: 400).isRegencyOver)
        #expect(!expire(&pool, after: 598).isRegencyOver)
        #expect(expire(&pool, after: 599).isRegencyOver)
    }

    @Test("A vouch that was not lacking does not lengthen the leader's time")
    func needlessVouch() throws {
        var pool = try pool()
        let request = Samples.open(Samples.client(1))
        let entry = BatchEntry(id: request.id, digest: request.digest)
        #expect(pool.add(request, at: start) == .added)
        for voter in 1...2 { pool.vouch(entry, by: ReplicaIndex(voter), at: start) }
        #expect(expire(&pool, after: 200).forwards.count == 1)
        pool.vouch(entry, by: ReplicaIndex(0), at: start + .milliseconds(399))
        #expect(expire(&pool, after: 400).isRegencyOver)
    }

    @Test("A signature that comes after the request was forwarded is forwarded before it counts")
    func lateSignature() throws {
        var pool = try pool()
        let plain = Samples.open(Samples.client(1))
        let proof = RequestProof(digests: [plain.digest], signature: .absent)
        #expect(pool.add(plain, at: start) == .added)
        #expect(expire(&pool, after: 200).forwards.count == 1)
        #expect(pool.add(Samples.admitted(plain.request, proof: proof), at: start + .milliseconds(399)) == .known)
        #expect(!expire(&pool, after: 400).isRegencyOver)
        let second = expire(&pool, after: 599)
        #expect(!second.isRegencyOver)
        #expect(second.forwards.first?.proof == proof)
        #expect(!expire(&pool, after: 798).isRegencyOver)
        #expect(expire(&pool, after: 799).isRegencyOver)
    }

    /// Seed 4680 of a trial: what waited was sent again at each expiry, and filled the links that the new leader's SYNC had
    /// to pass.
    @Test("What waits on is forwarded more and more rarely")
    func forwardedMoreAndMoreRarely() throws {
        var pool = try pool()
        let request = Samples.open(Samples.client(1))
        #expect(pool.add(request, at: start) == .added)
        for voter in 1...2 {
            pool.vouch(BatchEntry(id: request.id, digest: request.digest), by: ReplicaIndex(voter), at: start)
        }
        let rounds = (1...17 as ClosedRange<UInt64>).filter { !expire(&pool, after: $0 * 200).forwards.isEmpty }
        #expect(rounds == [1, 2, 3, 5, 9, 17])
    }

    @Test("What too few vouch for is dropped after a while")
    func dropped() throws {
        var pool = try pool()
        #expect(pool.add(Samples.open(Samples.client(1)), at: start) == .added)
        for round in 1...20 as ClosedRange<UInt64> { #expect(!expire(&pool, after: round * 200).isRegencyOver) }
        #expect(pool.count == 0)
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
}
