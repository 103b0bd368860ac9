// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletClientCore
import MartletSimulation
import MartletTypes

/// Operations on the key-value service for each session, one at a time, and what came of them.
struct LoadRecording {
    /// What is asked for. Chances are in thousandths.
    struct Mix: Sendable {
        /// How many keys are used at a time.
        var keys: Int
        var readPermille = 300
        /// Of reads: they are ordered, as writes are.
        var orderedPermille = 0
        /// Of reads: they are of a key that was left behind.
        var oldKeyPermille = 0
        /// Of calls: they are given up after `impatience`.
        var impatientPermille = 0
        var impatience = Duration.milliseconds(500)
    }

    struct Started {
        let payload: Bytes
        let kind: Call.Kind
        /// Nil for the usual one.
        let deadline: Duration?

        var isOrdered: Bool { kind == .operation }
    }

    private struct Running {
        let id: OperationID
        let operation: Operation
        /// As the session's workload has drawn it; nil for another.
        let drawn: Operation?
    }

    private(set) var history = ClientHistory()
    private let mix: Mix
    private var workloads: [Workload] = []
    private var running: [Running?]
    private var random: SeededRandom
    private var started = 0
    /// How often the keys were changed.
    private var generation = -1

    init(sessions: Int, mix: Mix, seed: UInt64 = 0) {
        self.mix = mix
        running = Array(repeating: nil, count: sessions)
        random = SeededRandom(seed: seed)
        moveOn()
    }

    /// All begin with other keys that nobody has used. What is open without end at the old ones makes the history of the new ones
    /// no harder to judge.
    mutating func moveOn() {
        generation += 1
        workloads = running.indices.map { place in
            Workload(
                client: place, readPermille: mix.readPermille, keys: mix.keys, flips: false, random: random.fork())
        }
    }

    /// How many keys were ever used: 0, 1, 2….
    var keysUsed: Int { (generation + 1) * mix.keys }

    var isIdle: Bool { running.allSatisfy { $0 == nil } }

    mutating func begin(_ session: Int, at now: Instant) -> Started {
        let drawn = workloads[session].next()
        let call: (operation: Operation, drawn: Operation?)
        if drawn.isRead, generation > 0, random.chance(permille: mix.oldKeyPermille) {
            call = (.get(key: random.below(generation * mix.keys)), nil)
        } else {
            call = (drawn.moved(by: generation * mix.keys), drawn)
        }
        let isOrdered = !drawn.isRead || random.chance(permille: mix.orderedPermille)
        let isImpatient = random.chance(permille: mix.impatientPermille)
        return Started(
            payload: begin(session, call.operation, call.drawn, at: now), kind: isOrdered ? .operation : .read,
            deadline: isImpatient ? mix.impatience : nil)
    }

    /// One more read of a key, ordered.
    mutating func begin(_ session: Int, reading key: Int, at now: Instant) -> Bytes {
        begin(session, .get(key: key), nil, at: now)
    }

    private mutating func begin(_ session: Int, _ operation: Operation, _ drawn: Operation?, at now: Instant) -> Bytes {
        started += 1
        let id = OperationID(client: session, number: started)
        running[session] = Running(id: id, operation: operation, drawn: drawn)
        history.append(.call(id, operation, at: now))
        return ServiceCodec.bytes(of: operation)
    }

    mutating func end(_ session: Int, _ outcome: Outcome, at now: Instant) {
        guard let call = running[session] else { return }
        running[session] = nil
        switch outcome {
        case .result(let bytes, _):
            let answer = ServiceCodec.answer(in: bytes, to: call.operation)
            // The keys may be others by now.
            if let drawn = call.drawn, drawn.moved(by: generation * mix.keys) == call.operation {
                workloads[session].answered(drawn, answer)
            }
            history.append(.end(call.id, .answer(answer), at: now))
        case .failed: history.append(.end(call.id, .failed, at: now))
        case .unknown: history.append(.end(call.id, .unknown, at: now))
        }
    }
}
