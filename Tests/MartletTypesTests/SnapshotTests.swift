// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MartletTypes

@Suite struct SnapshotTests {
    /// Not a digest, but it tells who was asked for one.
    private func mark(_ chunk: Bytes) -> Digest { Digest(words: Words32(UInt64(chunk.count), 0, 0, 0)) }

    @Test func theSimpleFormIsWrittenInPiecesOfOneSize() throws {
        let text = Bytes((0..<300_000).map { UInt8(truncatingIfNeeded: $0) })
        let written = SimpleService.written(text, after: nil, hashing: mark)
        #expect(written.chunks.map(\.count) == [131_072, 131_072, 37_856])
        #expect(written.digests == written.chunks.map(mark))
        var service = SimpleService()
        try service.restore(chunks: written.chunks)
        #expect(service.text == text)
    }

    @Test func anEmptyStateHasNoChunks() throws {
        #expect(SimpleService.written([]).chunks.isEmpty)
        var service = SimpleService(text: [1])
        try service.restore(chunks: [])
        #expect(service.text.isEmpty)
    }

    /// It was kept, the log went for it, and nobody could read it again.
    @Test func aSnapshotOfMoreChunksThanCanBeReadTraps() async {
        await #expect(processExitsWith: .failure) {
            var writer = SnapshotWriter<Bytes>(after: nil) { _ in .zero }
            for _ in 0...1_000_000 { writer.append([1]) }
            _ = writer.finish([])
        }
    }

    @Test func whatIsUnchangedIsNeitherCopiedNorHashedAgain() {
        var hashed: [Bytes] = []
        let first = ListService.written([[1], [2], [3]], after: nil, hashing: mark)
        let second = ListService.written([[1], [2], [9, 9], [3]], after: first) { chunk in
            hashed.append(chunk)
            return mark(chunk)
        }
        #expect(hashed == [[9, 9], [3]])
        #expect(second.chunks == [[1], [2], [9, 9], [3]] && second.digests == second.chunks.map(mark))
    }

    @Test func anEmptyChunkIsLeftOut() {
        #expect(ListService.written([[1], [], [2]]).chunks == [[1], [2]])
    }

    @Test func aServiceThatLeavesChunksUnreadIsNotRestored() throws {
        var service = ListService(readsAtMost: 2)
        try service.restore(chunks: [[1], [2]])
        #expect(throws: SnapshotNotReadToTheEnd.self) { try service.restore(chunks: [[1], [2], [3]]) }
    }

    @Test func aChunkThatCannotBeReadIsToldToTheService() {
        struct Unreadable: Error {}
        let reader = SnapshotReader(count: 2) { place in
            guard place == 0 else { throw Unreadable() }
            return [1]
        }
        var service = ListService()
        #expect(throws: Unreadable.self) { try service.restore(all: reader) }
    }

    /// It counted as read, and a service that passed over the error went on behind it.
    @Test func aChunkThatCouldNotBeReadIsStillTheNextOne() throws {
        struct Unreadable: Error {}
        var isReadable = false
        var reader = SnapshotReader(count: 2) { place in
            guard isReadable || place == 0 else { throw Unreadable() }
            return [UInt8(place)]
        }
        #expect(try reader.next() == [0])
        for _ in 0..<3 { #expect(throws: Unreadable.self) { try reader.next() } }
        #expect(reader.chunksLeft == 1)
        isReadable = true
        #expect(try reader.next() == [1] && reader.next() == nil)
    }

    @Test func rollingBackIsRestoringUnlessTheServiceKnowsBetter() {
        var service = ListService()
        service.rollBack(to: [[4], [5]])
        #expect(service.list == [[4], [5]])
    }

    @Test func whatCannotBeTrips() async {
        await #expect(processExitsWith: .failure) {
            var writer = SnapshotWriter<Void>(after: nil) { _ in .zero }
            writer.append(Bytes(repeating: 0, count: SnapshotChunks.chunkBytesMax + 1))
        }
        await #expect(processExitsWith: .failure) {
            var writer = SnapshotWriter<Void>(after: nil) { _ in .zero }
            writer.appendUnchanged(0..<1)
        }
        await #expect(processExitsWith: .failure) {
            let previous = WrittenSnapshot<Void>((), chunks: [[1]], digests: [.zero])
            var writer = SnapshotWriter(after: previous) { _ in .zero }
            writer.appendUnchanged(0..<2)
        }
    }
}

/// Its state is a text.
private struct SimpleService: StateMachine {
    var text: Bytes = []

    func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes { [] }
    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer { ReadAnswer(result: [], version: lastExecuted) }
    func snapshot() -> Bytes { text }
    static func encode(_ snapshot: Bytes) -> Bytes { snapshot }
    mutating func restore(from bytes: Bytes) { text = bytes }
}

/// Its state is a list, a chunk for each element. Elements that were at the same place are unchanged.
private struct ListService: StreamingStateMachine {
    var list: [Bytes] = []
    var readsAtMost = Int.max

    func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes { [] }
    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer { ReadAnswer(result: [], version: lastExecuted) }
    func snapshot() -> [Bytes] { list }

    static func write(_ snapshot: [Bytes], into writer: inout SnapshotWriter<[Bytes]>) {
        let same = zip(snapshot, writer.previous?.snapshot ?? []).prefix { $0 == $1 }.count
        writer.appendUnchanged(0..<same)
        for element in snapshot[same...] { writer.append(element) }
    }

    mutating func restore(from reader: inout SnapshotReader) throws {
        list = []
        while list.count < readsAtMost, let chunk = try reader.next() { list.append(chunk) }
    }
}
