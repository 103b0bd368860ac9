// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletKV
import MartletTypes

/// What checkpoints of a large state cost: the key-value service in this process, written, hashed and restored as a replica
/// does it.
struct CheckpointBenchmark {
    let keys: Int
    let valueBytes: Int
    /// How many keys are changed before each of the further checkpoints.
    let changes: [Int]

    private let clock = ContinuousClock()

    init(keys: Int, valueBytes: Int, changes: [Int]) {
        self.keys = keys
        self.valueBytes = valueBytes
        self.changes = changes
    }

    func run(_ note: (String) -> Void) throws -> CheckpointBenchmarkResult {
        var machine = KVStateMachine(stateBytesMax: KVLimits.stateBytesMax)
        var random = SystemRandomNumberGenerator()
        note("setting \(keys) keys")
        var steps: [CheckpointBenchmarkResult.Step] = []
        for number in 0..<keys { put(number, in: &machine, at: 1) }
        var written = checkpoint("full", of: machine, after: nil, into: &steps)
        for (place, count) in changes.enumerated() {
            for _ in 0..<count {
                put(Int.random(in: 0..<keys, using: &random), in: &machine, at: UInt64(2 + place))
            }
            written = checkpoint("after \(count) changes", of: machine, after: written, into: &steps)
        }
        try restore(written, into: &steps)
        return CheckpointBenchmarkResult(
            keys: keys, valueBytes: valueBytes, chunks: written.chunks.count,
            steps: steps, residentBytesMax: ProcessUsage.residentBytesMax)
    }

    private func put(_ number: Int, in machine: inout KVStateMachine, at instance: UInt64) {
        // Keys do not come in their order.
        let key = Bytes("key \(UInt64(number) &* 0x9E37_79B9_7F4A_7C15)".utf8)
        let value = Bytes(repeating: UInt8(truncatingIfNeeded: UInt64(number) &+ instance), count: valueBytes)
        let context = ExecutionContext(
            client: ClientID(PublicKey(words: .zero)), instance: Instance(instance), time: Timestamp(instance),
            seed: instance)
        _ = machine.execute(KVOperation.put(key: key, value: value).payload, in: context)
    }

    private func checkpoint(
        _ name: String, of machine: KVStateMachine, after previous: WrittenSnapshot<KVSnapshot>?,
        into steps: inout [CheckpointBenchmarkResult.Step]
    ) -> WrittenSnapshot<KVSnapshot> {
        var hashed = 0
        let begin = now
        let written = KVStateMachine.written(machine.snapshot(), after: previous) { chunk in
            hashed += chunk.count
            return Hashing.digest(ofChunk: chunk)
        }
        let contents = CheckpointContents(imageChunks: 1, chunks: [[0]] + written.chunks)
        _ = Hashing.hashed(contents, written)
        steps.append(step(name, since: begin, bytes: hashed))
        return written
    }

    /// As after a restart: each chunk is hashed, and the service makes its state of them.
    private func restore(
        _ written: WrittenSnapshot<KVSnapshot>, into steps: inout [CheckpointBenchmarkResult.Step]
    ) throws {
        let bytes = written.chunks.reduce(0) { $0 + $1.count }
        var begin = now
        for (chunk, digest) in zip(written.chunks, written.digests) where Hashing.digest(ofChunk: chunk) != digest {
            throw CommandFailure("a chunk has another digest than before")
        }
        steps.append(step("verify", since: begin, bytes: bytes))
        begin = now
        var restored = KVStateMachine(stateBytesMax: KVLimits.stateBytesMax)
        try restored.restore(chunks: written.chunks)
        steps.append(step("restore", since: begin, bytes: bytes))
    }

    private typealias Moment = (time: ContinuousClock.Instant, cpuMicroseconds: Double)

    private var now: Moment {
        (clock.now, ProcessUsage.cpuMicroseconds(of: ProcessInfo.processInfo.processIdentifier) ?? 0)
    }

    private func step(_ name: String, since begin: Moment, bytes: Int) -> CheckpointBenchmarkResult.Step {
        let end = now
        return .init(
            name: name, took: end.time - begin.time, cpuSeconds: (end.cpuMicroseconds - begin.cpuMicroseconds) / 1e6,
            bytes: bytes)
    }
}
