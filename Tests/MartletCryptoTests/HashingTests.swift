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

    @Test("a checkpoint's digest tells every chunk, their order, number and cuts apart")
    func checkpoints() {
        let digest = { (imageChunks: Int, chunks: [Bytes]) in
            Hashing.hashed(CheckpointContents(imageChunks: imageChunks, chunks: chunks)).digest
        }
        let all = [
            digest(1, [[1, 2], [3]]), digest(2, [[1, 2], [3]]), digest(1, [[1], [2, 3]]), digest(1, [[3], [1, 2]]),
            digest(1, [[1, 2], [4]]), digest(1, [[1, 2, 3]]), digest(1, [[1, 2], [3], [3]]),
            digest(1, [[1, 2], [3], [3], [3]]),
        ]
        #expect(Set(all).count == all.count)
        #expect(digest(1, [[1, 2], [3]]) == all[0])
    }

    @Test("a checkpoint whose service was written after another, or restored, has the digest of its bytes")
    func unchangedChunks() {
        var writer = SnapshotWriter<Void>(after: nil, hashing: Hashing.digest(ofChunk:))
        writer.append([1])
        writer.append([2, 3])
        let first = Hashing.hashed(CheckpointContents(imageChunks: 2, chunks: [[8], [9], [1], [2, 3]]))
        for previous in [writer.finish(()), WrittenSnapshot((), restoredFrom: first)] {
            var writer = SnapshotWriter(after: previous, hashing: Hashing.digest(ofChunk:))
            writer.appendUnchanged(1..<2)
            writer.append([4])
            writer.appendUnchanged(0..<1)
            let contents = CheckpointContents(imageChunks: 1, chunks: [[7], [2, 3], [4], [1]])
            #expect(Hashing.hashed(contents, writer.finish(())) == Hashing.hashed(contents))
        }
    }

    @Test("the tree's root is that of the published construction, for each number of leaves", arguments: 1...9)
    func roots(count: Int) {
        let leaves = (0..<count).map { Hashing.digest(ofChunk: [UInt8($0)]) }
        /// The left part of a tree is the largest power of two below its number of leaves (RFC 6962, section 2.1).
        func root(_ leaves: ArraySlice<Digest>) -> Digest {
            guard leaves.count > 1 else { return leaves.first ?? .zero }
            var left = 1
            while left * 2 < leaves.count { left *= 2 }
            let middle = leaves.startIndex + left
            return Hashing.digest(of: HashInput.node(root(leaves[..<middle]), root(leaves[middle...])).bytes)
        }
        #expect(Hashing.root(of: leaves) == root(leaves[...]))
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
