// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import MartletWire
import Testing

@Suite("Digests")
struct HashingTests {
    @Test("SHA-256 of 'abc', as FIPS 180 gives it")
    func vector() {
        #expect(
            Hashing.digest(of: Bytes("abc".utf8)).hexadecimal
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("a request's digest covers all of it")
    func requests() {
        let client = ClientID(TestGroup.key(1).publicKey)
        let other = ClientID(TestGroup.key(2).publicKey)
        let session = SessionID(instance: Instance(1), place: 0)
        let base = operation(client, 1)
        let read = Request(
            id: base.id, kind: .orderedRead, repliesKeptFrom: base.repliesKeptFrom, payload: base.payload)
        let kept = Request(id: base.id, kind: .operation, repliesKeptFrom: SequenceNumber(1), payload: base.payload)
        let variants = [
            base, read, kept, operation(client, 2), operation(other, 1), operation(client, 1, [1, 2]),
            operation(client, 1, session: SessionID(instance: Instance(2), place: 0)),
            operation(client, 1, session: SessionID(instance: session.instance, place: 1)),
        ]
        let digests = variants.map { Hashing.digest(of: $0, group: digest(1)) }
        #expect(Set(digests + variants.map { Hashing.digest(of: $0, group: digest(2)) }).count == 2 * variants.count)
    }

    @Test("a batch's digest covers all of it, its birth and the order of its requests")
    func batches() {
        let client = ClientID(TestGroup.key(1).publicKey)
        let entries = [1, 2].map { BatchEntry(id: operation(client, $0).id, digest: digest($0)) }
        let batch = { (instance: UInt64, view: UInt64, regency: UInt64, time: UInt64, entries: [BatchEntry]) in
            Batch(
                instance: Instance(instance), born: Epoch(view: ViewNumber(view), regency: Regency(regency)),
                time: Timestamp(time), entries: entries)
        }
        let renamed = BatchEntry(id: operation(client, 3).id, digest: digest(1))
        let rehashed = BatchEntry(id: entries[0].id, digest: digest(3))
        let variants = [
            batch(1, 1, 1, 1, entries), batch(2, 1, 1, 1, entries), batch(1, 2, 1, 1, entries),
            batch(1, 1, 2, 1, entries), batch(1, 1, 1, 2, entries), batch(1, 1, 1, 1, entries.reversed()),
            batch(1, 1, 1, 1, [entries[0]]), batch(1, 1, 1, 1, []), batch(1, 1, 1, 1, [renamed, entries[1]]),
            batch(1, 1, 1, 1, [rehashed, entries[1]]),
        ]
        let digests = variants.map { Hashing.digest(of: $0, group: digest(1)) }
        #expect(Set(digests + variants.map { Hashing.digest(of: $0, group: digest(2)) }).count == 2 * variants.count)
    }

    @Test("an image's digest is that of its encoding, and for this purpose only")
    func images() throws {
        let client = ClientID(TestGroup.key(1).publicKey)
        let session = SessionID(instance: Instance(1), place: 0)
        let (first, second) = (try TestGroup().view, try TestGroup(view: ViewNumber(2)).view)
        let image = { (application: Bytes, view: View) in
            CheckpointImage(
                instance: Instance(256), time: Timestamp(9), view: view, sessions: [],
                openings: [OpeningRecord(client: client, number: SequenceNumber(1), session: session)],
                application: application)
        }
        let encoded = image([1, 2, 3], first).encoded()
        #expect(Hashing.checkpointDigest(of: image([1, 2, 3], first)) == Hashing.checkpointDigest(of: encoded))
        #expect(Hashing.checkpointDigest(of: image([1, 2, 4], first)) != Hashing.checkpointDigest(of: encoded))
        #expect(Hashing.checkpointDigest(of: image([1, 2, 3], second)) != Hashing.checkpointDigest(of: encoded))
        #expect(Hashing.digest(of: encoded) != Hashing.checkpointDigest(of: encoded))
    }

    @Test("a view's digest tells views apart, and a group's id its founding documents")
    func viewsAndGroups() throws {
        let first = try TestGroup()
        let second = try TestGroup(view: ViewNumber(2))
        #expect(Hashing.digest(of: first.view) != Hashing.digest(of: second.view))
        #expect(Hashing.digest(of: first.view) == Hashing.digest(of: try TestGroup().view))
        let genesis = { (name: String) in
            try Genesis(
                name: name, faultModel: .byzantine, f: 1, members: first.view.members, administrators: [],
                administratorsNeeded: 0, clientAccess: .open, settings: GroupSettings())
        }
        #expect(Hashing.group(of: try genesis("a")) == Hashing.group(of: try genesis("a")))
        #expect(Hashing.group(of: try genesis("a")) != Hashing.group(of: try genesis("b")))
    }
}
