// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletKV

@Suite struct KVModelTests {
    @Test(arguments: 1...8)
    func theMachineDoesWhatTheNaiveModelDoes(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var machine = KVStateMachine()
        var model = NaiveModel()
        for step in 0..<3_000 {
            let operation = randomOperation(&generator)
            // Several operations share an instance.
            let instance = UInt64(1 + step / 3)
            let expected = model.execute(operation, at: instance)
            try #require(try machine.execute(operation, at: instance) == expected, "step \(step): \(operation)")
            guard step % 50 == 0 else { continue }
            #expect(machine.count == model.values.count)
            for (key, version) in model.versions {
                #expect(try machine.read(.get(key: key)) == (.value(model.values[key]), version))
            }
            #expect(try machine.read(.get(key: "absent".bytes)) == (.value(nil), model.lastDeletion))
        }
    }

    @Test(arguments: 1...4)
    func twoMachinesFedAlikeWriteAlikeWhateverWayTheyCame(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var straight = KVStateMachine.smallChunks()
        var restored = KVStateMachine.smallChunks()
        var snapshots: [(snapshot: KVSnapshot, chunks: [Bytes])] = []
        for step in 0..<4_000 {
            let payload = hostilePayload(&generator)
            let context = context(UInt64(1 + step / 4))
            #expect(straight.execute(payload, in: context) == restored.execute(payload, in: context))
            if generator.chance(1, in: 100) {
                let chunks = straight.chunks
                #expect(restored.chunks == chunks)
                snapshots.append((straight.snapshot(), chunks))
                restored = KVStateMachine.smallChunks()
                try restored.restore(chunks: chunks)
                #expect(restored.chunks == chunks)
            }
        }
        #expect(straight.chunks == restored.chunks)
        for snapshot in snapshots { #expect(KVStateMachine.written(snapshot.snapshot).chunks == snapshot.chunks) }
    }

    @Test(arguments: 1...4)
    func anyBytesGiveAResultAndReadsChangeNothing(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var machine = KVStateMachine()
        for step in 1...5_000 {
            let payload = hostilePayload(&generator)
            _ = try KVResult(payload: machine.execute(payload, in: context(UInt64(step))))
            let before = step % 100 == 0 ? machine.chunks : nil
            let answer = machine.read(payload, lastExecuted: Instance(UInt64(step)))
            _ = try KVResult(payload: answer.result)
            #expect(answer.version <= Instance(UInt64(step)))
            if let before { #expect(machine.chunks == before) }
        }
    }

    private func hostilePayload(_ generator: inout SeededGenerator) -> Bytes {
        var payload = randomOperation(&generator).payload
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: return generator.bytes(0...40)
        case 1: return Bytes(payload.prefix(Int.random(in: 0...payload.count, using: &generator)))
        case 2: return payload + generator.bytes(1...4)
        case 3...4:
            payload[Int.random(in: 0..<payload.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            return payload
        default: return payload
        }
    }
}
