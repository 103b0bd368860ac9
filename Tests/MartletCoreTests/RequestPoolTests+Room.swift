// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

extension RequestPoolTests {
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

    /// What a client was asked to sign is read whatever else of it waits, and filled a quarter of a gigabyte.
    @Test("A client has a share of the bytes that are kept, within which what is signed finds room")
    func bytesOfOneClient() {
        var pool = pool(bytes: 64 << 20)
        for sequence in 1...8 as ClosedRange<UInt64> {
            #expect(pool.add(request(1, sequence, size: 1 << 20), at: start) == .added)
        }
        #expect(pool.add(request(1, 9), at: start) == .full)
        #expect(pool.add(request(2, 1, size: 1 << 20), at: start) == .added)
        for sequence in 11...18 as ClosedRange<UInt64> {
            #expect(pool.add(request(1, sequence, size: 1 << 20, isSigned: true), at: start) == .added)
        }
        #expect(pool.pending(of: Samples.client(1)) == (8, 8 << 20))
        #expect(pool.add(request(1, 19, isSigned: true), at: start) == .full)
        #expect(pool.pending(of: Samples.client(2)) == (1, 1 << 20))
    }

    @Test("What takes the place of another content under its name keeps within its client's share")
    func bytesOfOneClientReplaced() {
        var pool = pool(bytes: 64 << 20)
        for sequence in 1...7 as ClosedRange<UInt64> {
            #expect(pool.add(request(1, sequence, size: 1 << 20), at: start) == .added)
        }
        #expect(pool.add(request(1, 8), at: start) == .added)
        #expect(pool.add(request(1, 8, size: 1 << 20, tag: 1, isSigned: true), at: start) == .added)
        #expect(pool.pending(of: Samples.client(1)) == (8, 8 << 20))
        #expect(pool.add(request(1, 9), at: start) == .full)
        #expect(pool.add(request(1, 9, isSigned: true), at: start) == .added)
        #expect(pool.pending(of: Samples.client(1)).requests == 8)
    }

    @Test("What is signed but of a session to come finds no room among what is not")
    func sessionsToCome() {
        var pool = pool(perClient: 64, total: 4)
        for sequence in 1...4 as ClosedRange<UInt64> { #expect(pool.add(request(1, sequence), at: start) == .added) }
        #expect(pool.add(request(2, 1, opened: 9, isSigned: true), at: start) == .full)
        #expect(pool.add(request(2, 1, isSigned: true), at: start) == .added)
    }

    /// Given to the leader only, it kept the leader from what everyone else waited for.
    @Test(
        "What is signed for sessions to come makes room for what is signed for one that is there",
        arguments: [(4, 64), (64, 4)])
    func sessionsToComeGiveWay(perClient: Int, total: Int) {
        var pool = pool(perClient: perClient, total: total)
        for sequence in 1...4 as ClosedRange<UInt64> {
            #expect(pool.add(request(1, sequence, opened: 9, isSigned: true), at: start) == .added)
        }
        for sequence in 1...4 as ClosedRange<UInt64> {
            #expect(pool.add(request(1, sequence, isSigned: true), at: start) == .added)
        }
        #expect(pool.add(request(1, 5, isSigned: true), at: start) == .full)
        let batch = pool.takeBatch(for: Instance(2), isStrict: true)
        #expect(batch.map(\.id) == (1...4 as ClosedRange<UInt64>).map { request(1, $0).id })
    }

    @Test("What would take the place of another content and finds no room leaves it where it is", arguments: [1, 9])
    func replacementWithoutRoom(opened: UInt64) {
        var pool = pool(total: 2, bytes: 10)
        let old = request(1, 1, opened: opened)
        #expect(pool.add(old, at: start) == .added)
        #expect(pool.add(request(2, 1, size: 5, isSigned: true), at: start) == .added)
        #expect(pool.add(request(1, 1, opened: opened, size: 6, tag: 1, isSigned: true), at: start) == .full)
        #expect(pool.forward(BatchEntry(id: old.id, digest: old.digest)) != nil)
        #expect(pool.add(request(1, 1, opened: opened, size: 5, tag: 1, isSigned: true), at: start) == .added)
        #expect((pool.count, pool.bytes) == (2, 10))
    }

    // MARK: What is read from a client

    @Test("What the others tell of a client, be it asked to sign that, does not change how much is read from it")
    func hearsayIsNotRead() {
        var pool = pool()
        let (told, own) = (request(1, 1, size: 7), request(1, 2, size: 2))
        hear(told, in: &pool)
        #expect(pool.add(own, at: start) == .added)
        pool.noteAsked(told.id)
        #expect(pool.queued(of: Samples.client(1)) == (1, 2))
        // From here it is the client's own, to be asked for as such.
        #expect(pool.add(told, at: start) == .known)
        #expect(pool.queued(of: Samples.client(1)) == (2, 9))
        #expect(expire(&pool, after: 200, sessions: openedSession()).unsigned == [told.id, own.id])
        #expect(pool.queued(of: Samples.client(1)) == (0, 0))
        for plain in [told, own] { _ = pool.add(signed(plain), at: start) }
        #expect(pool.queued(of: Samples.client(1)) == (2, 9))
    }

    @Test("Who sent a request is told anew of one that takes its place")
    func hearsayReplaced() {
        var pool = pool()
        let client = Samples.client(1)
        hear(request(1, 1, size: 7), in: &pool)
        #expect(pool.queued(of: client) == (0, 0))
        #expect(pool.add(request(1, 1, size: 3, tag: 1, isSigned: true), at: start) == .added)
        #expect(pool.queued(of: client) == (1, 3))
        #expect(pool.add(request(1, 2, size: 4), at: start) == .added)
        hear(request(1, 2, size: 5, tag: 1, isSigned: true), in: &pool)
        #expect(pool.pending(of: client) == (2, 8))
        #expect(pool.queued(of: client) == (1, 3))
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
}
