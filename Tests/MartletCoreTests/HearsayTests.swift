// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

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
