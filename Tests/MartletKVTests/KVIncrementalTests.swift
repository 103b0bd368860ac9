// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletKV

/// Snapshots that are written after others are what they would be alone.
@Suite struct KVIncrementalTests {
    /// Rounds of changes, of one key or many; now and then the machine is restored, goes back, or the snapshot before is one of
    /// long ago, or of another replica.
    @Test(arguments: 1...60)
    func chunksAreTheNaiveOnesWhateverTheHistory(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let chunking = Self.chunkings[seed % Self.chunkings.count]
        var machine = KVStateMachine(chunking: chunking)
        var model = NaiveModel()
        var written: [WrittenSnapshot<KVSnapshot>] = []
        var former: [(machine: KVStateMachine, model: NaiveModel)] = []
        for round in 1...40 as ClosedRange<UInt64> {
            if generator.chance(1, in: 10), let past = former.randomElement(using: &generator) {
                (machine, model) = past
            }
            if generator.chance(1, in: 8), let last = written.last {
                machine = KVStateMachine(chunking: chunking)
                try machine.restore(chunks: last.chunks)
                model = former[former.count - 1].model
                written[written.count - 1] = WrittenSnapshot(
                    machine.snapshot(), chunks: last.chunks, digests: last.digests)
            }
            try change(&machine, &model, &generator, at: round)
            let previous = generator.chance(1, in: 6) ? written.randomElement(using: &generator) : written.last
            let next = KVStateMachine.written(machine.snapshot(), after: previous)
            try #require(next.chunks == naiveChunks(model, chunking), "round \(round)")
            try #require(next.chunks == machine.chunks)
            written.append(next)
            former.append((machine, model))
        }
    }

    private static let chunkings = [
        KVChunking.small, KVChunking(bytesMin: 1, bytesMax: 100, boundaryBits: 1),
        KVChunking(bytesMin: 150, bytesMax: 150, boundaryBits: 3),
        KVChunking(bytesMin: 1, bytesMax: 1, boundaryBits: 1),
        KVChunking(bytesMin: 60, bytesMax: 4_000, boundaryBits: 4),
    ]

    private func change(
        _ machine: inout KVStateMachine, _ model: inout NaiveModel, _ generator: inout SeededGenerator,
        at instance: UInt64
    ) throws {
        let count = [0, 1, 1, 2, 5, 40, 200].randomElement(using: &generator) ?? 0
        let keys = generator.chance(1, in: 4) ? 30 : 200
        // Sometimes it grows, sometimes it shrinks to nothing.
        let deletions = Int.random(in: 0...10, using: &generator)
        for _ in 0..<count {
            let key = "\(Int.random(in: 0..<keys, using: &generator))".bytes
            let value = generator.chance(1, in: 30) ? generator.bytes(100...900) : generator.bytes(0...20)
            let operation: KVOperation =
                generator.chance(deletions, in: 12) ? .delete(key: key) : .put(key: key, value: value)
            #expect(try machine.execute(operation, at: instance) == model.execute(operation, at: instance))
        }
    }

    @Test func aFewChangesAreAFewChunks() throws {
        var machine = KVStateMachine.smallChunks()
        for key in 0..<20_000 { _ = try machine.execute(.put(key: "\(key)".bytes, value: [1, 2, 3]), at: 1) }
        let first = KVStateMachine.written(machine.snapshot())
        for key in ["777", "5", "19", "x"] { _ = try machine.execute(.put(key: key.bytes, value: [4]), at: 2) }
        _ = try machine.execute(.delete(key: "12345".bytes), at: 2)
        var hashed = 0
        let second = KVStateMachine.written(machine.snapshot(), after: first) { _ in
            hashed += 1
            return .zero
        }
        #expect(second.chunks == machine.chunks && second.chunks.count > 2_000)
        #expect(hashed < 40)
    }

    /// Nothing has changed but the walk that found it out.
    @Test func noChangeIsOneChunk() throws {
        var machine = KVStateMachine.smallChunks()
        for key in 0..<2_000 { _ = try machine.execute(.put(key: "\(key)".bytes, value: [1]), at: 1) }
        let first = KVStateMachine.written(machine.snapshot())
        var hashed: [Bytes] = []
        _ = KVStateMachine.written(machine.snapshot(), after: first) { chunk in
            hashed.append(chunk)
            return .zero
        }
        #expect(hashed == [first.chunks[0]])
    }

    /// The new chunks meet the previous ones where the first of these began; that one is dirty too, and what comes before it must not be
    /// written once more, for ever.
    @Test func keysBeforeTheFirstOneWhichChangesTooAreWrittenOnce() throws {
        var machine = KVStateMachine(chunking: KVChunking(bytesMin: 1, bytesMax: 1, boundaryBits: 1))
        for key in ["m", "n", "o"] { _ = try machine.execute(.put(key: key.bytes, value: [1]), at: 1) }
        let first = KVStateMachine.written(machine.snapshot())
        for key in ["a", "b", "m"] { _ = try machine.execute(.put(key: key.bytes, value: [2]), at: 2) }
        let second = KVStateMachine.written(machine.snapshot(), after: first)
        #expect(second.chunks == machine.chunks && second.chunks.count == 6)
    }

    /// Keys that somebody has looked for: the cuts are far apart or as close as may be, and one more key in front moves them all.
    @Test(arguments: [true, false])
    func keysOfWhichAllOrNoneEndAChunkAreCutAlikeToo(areBoundaries: Bool) throws {
        let chunking = KVChunking.standard
        let keys = (0..<400_000).lazy.map { "key \($0)".bytes }.filter {
            chunking.isBoundary(KVKey($0)) == areBoundaries
        }
        .prefix(4_000)
        var machine = KVStateMachine()
        let value = Bytes(repeating: 7, count: 500)
        for key in keys { _ = try machine.execute(.put(key: key, value: value), at: 1) }
        let first = KVStateMachine.written(machine.snapshot())
        let least = areBoundaries ? chunking.bytesMin : chunking.bytesMax
        for chunk in first.chunks.dropFirst().dropLast() { #expect(least...least + 600 ~= chunk.count) }
        _ = try machine.execute(.put(key: "a".bytes, value: []), at: 2)
        let second = KVStateMachine.written(machine.snapshot(), after: first)
        #expect(second.chunks == machine.chunks)
        var restored = KVStateMachine()
        try restored.restore(chunks: second.chunks)
        #expect(restored.chunks == second.chunks)
    }

    @Test func aChunkIsAboutEightKeysBeyondItsLeast() throws {
        var machine = KVStateMachine()
        let value = Bytes(repeating: 1, count: 1_000)
        for key in 0..<20_000 { _ = try machine.execute(.put(key: "\(key)".bytes, value: value), at: 1) }
        let chunks = machine.chunks
        let mean = chunks.dropFirst().reduce(0) { $0 + $1.count } / (chunks.count - 1)
        #expect(18_000...23_000 ~= mean)
    }

    @Test func theLongestEntriesFit() throws {
        var machine = KVStateMachine()
        let key = Bytes(repeating: 1, count: KVLimits.keyBytesMax - 1)
        for place in 0..<5 as Range<UInt8> {
            let value = Bytes(repeating: place, count: KVLimits.valueBytesMax)
            _ = try machine.execute(.put(key: key + [place], value: value), at: 1)
        }
        let chunks = machine.chunks
        #expect(chunks.count == 6)
        var restored = KVStateMachine()
        try restored.restore(chunks: chunks)
        #expect(restored.chunks == chunks && restored.count == 5)
    }
}
