// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletKV

@Suite struct KVSnapshotTests {
    private func sample() throws -> KVStateMachine {
        var machine = KVStateMachine()
        _ = try machine.execute(.put(key: [1], value: [10]), at: 1)
        _ = try machine.execute(.put(key: [2, 3], value: []), at: 2)
        _ = try machine.execute(.put(key: [4], value: [5]), at: 3)
        _ = try machine.execute(.delete(key: [4]), at: 4)
        return machine
    }

    @Test func theBytesAreFrozen() throws {
        #expect(KVStateMachine().chunks == [[2] + [0, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0]])
        #expect(
            try sample().chunks == [
                [2] + [0, 0, 0, 0, 0, 0, 0, 4] + [0, 0, 0, 2],
                [0, 0, 0, 1, 1] + [0, 0, 0, 1, 10] + [0, 0, 0, 0, 0, 0, 0, 1]
                    + [0, 0, 0, 2, 2, 3] + [0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 2],
            ])
    }

    /// Versions of another group would have reads wait for instances that are far away.
    @Test func whatAnotherGroupLeftIsOfBeforeTheFirstInstance() throws {
        var machine = KVStateMachine()
        try machine.restore(chunks: sample().chunks)
        machine.beginAnew()
        #expect(try machine.read(.get(key: [1]), lastExecuted: 0) == (.value([10]), 0))
        #expect(try machine.read(.get(key: [4]), lastExecuted: 0) == (.value(nil), 0))
        // What is the same but for the versions becomes the same.
        var other = KVStateMachine()
        _ = try other.execute(.put(key: [2, 3], value: []), at: 7)
        _ = try other.execute(.put(key: [1], value: [10]), at: 8)
        other.beginAnew()
        #expect(machine.chunks == other.chunks && machine.count == 2)
        _ = try machine.execute(.put(key: [1], value: [11]), at: 1)
        #expect(try machine.read(.get(key: [1]), lastExecuted: 1) == (.value([11]), 1))
        try other.restore(chunks: machine.chunks)
        #expect(other.chunks == machine.chunks)
    }

    @Test func aSnapshotStaysWhileExecutionGoesOn() throws {
        var machine = try sample()
        let snapshot = machine.snapshot()
        let chunks = machine.chunks
        for key in 0..<200 as Range<UInt8> { _ = try machine.execute(.put(key: [key], value: [key]), at: 9) }
        #expect(KVStateMachine.written(snapshot).chunks == chunks)
        #expect(machine.chunks != chunks)
    }

    /// Also while the snapshot before is compared with.
    @Test func writingRunsBesideExecution() async throws {
        var machine = KVStateMachine.smallChunks()
        for key in 0..<2_000 { _ = try machine.execute(.put(key: "\(key)".bytes, value: [1]), at: 1) }
        var expected = machine.chunks
        var previous: WrittenSnapshot<KVSnapshot>?
        for round in 0..<10 as Range<UInt64> {
            let snapshot = machine.snapshot()
            let before = previous
            async let written = Task.detached { KVStateMachine.written(snapshot, after: before) }.value
            for key in stride(from: Int(round), to: 2_000, by: 1 + Int(round) * 50) {
                _ = try machine.execute(.put(key: "\(key)".bytes, value: [2]), at: 2 + round)
            }
            previous = await written
            #expect(await written.chunks == expected)
            expected = machine.chunks
        }
    }

    @Test func anythingButASnapshotThrowsAndLeavesTheState() throws {
        let chunks = try sample().chunks
        var machine = try sample()
        let (header, entries) = (chunks[0], chunks[1])
        var bad = (0..<header.count).map { [Bytes(header[..<$0]), entries] }
        bad += (1..<entries.count).map { [header, Bytes(entries[..<$0])] }
        bad += [
            [], [header], [entries], [header + [0], entries], [header, entries + [0]], [header, entries, entries],
            [header, entries, []],
        ]
        for version in [1, 3] as [UInt8] { bad.append([[version] + header.dropFirst(), entries]) }
        func entry(_ key: Bytes) -> Bytes { [0, 0, 0, UInt8(key.count)] + key + Bytes(repeating: 0, count: 12) }
        func counting(_ count: UInt8) -> Bytes { header[..<12] + [count] }
        bad.append([counting(2), entry([1]) + entry([1])])
        bad.append([counting(2), entry([2]) + entry([1])])
        bad.append([counting(2), entry([1, 0]) + entry([1])])
        bad.append([counting(1), entry([])])
        bad.append([counting(3), entries])
        bad.append([header[..<9] + [255, 255, 255, 255], entries])
        let long = Bytes(repeating: 1, count: KVLimits.keyBytesMax + 1)
        bad.append([counting(1), [0, 0, 4, 1] + long + Bytes(repeating: 0, count: 12)])
        for chunks in bad {
            #expect(throws: (any Error).self) { try machine.restore(chunks: chunks) }
            #expect(try machine.chunks == sample().chunks)
        }
    }

    /// Otherwise a replica that restored it would write other chunks than those that never did.
    @Test func chunksThatAreCutElsewhereAreNotTaken() throws {
        var machine = KVStateMachine.smallChunks()
        for key in 0..<200 { _ = try machine.execute(.put(key: "\(key)".bytes, value: [1]), at: 1) }
        let chunks = machine.chunks
        try machine.restore(chunks: chunks)
        for place in 1..<chunks.count - 1 {
            var joined = chunks
            joined[place] += joined.remove(at: place + 1)
            #expect(throws: (any Error).self) { try machine.restore(chunks: joined) }
            let entryBytes = 17 + Int(chunks[place][3])
            guard chunks[place].count > entryBytes else { continue }
            var parted = chunks
            parted[place] = Bytes(chunks[place][..<entryBytes])
            parted.insert(Bytes(chunks[place][entryBytes...]), at: place + 1)
            #expect(throws: (any Error).self) { try machine.restore(chunks: parted) }
        }
        #expect(machine.chunks == chunks)
    }

    @Test(arguments: 1...3)
    func damagedSnapshotsThrowOrAreTheOneEncodingOfAnotherState(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var source = KVStateMachine.smallChunks()
        for instance in 1...60 as ClosedRange<UInt64> {
            _ = try source.execute(randomOperation(&generator), at: instance)
        }
        let chunks = source.chunks
        var machine = KVStateMachine.smallChunks()
        for _ in 0..<1_500 {
            var damaged = chunks
            let place = Int.random(in: 0..<chunks.count, using: &generator)
            damaged[place][Int.random(in: 0..<chunks[place].count, using: &generator)] = UInt8.random(
                in: 0...255, using: &generator)
            do {
                try machine.restore(chunks: damaged)
                #expect(machine.chunks == damaged)
            } catch {}
        }
    }
}
