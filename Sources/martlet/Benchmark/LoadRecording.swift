// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletSimulation
import MartletTypes

/// Operations on the key-value service for each session, one at a time, and what came of them.
struct LoadRecording: Sendable {
    /// The service's keys have one byte for their number.
    private static let keysMax = 256

    private(set) var history = ClientHistory()
    private var workloads: [Workload]
    private var running: [(id: OperationID, operation: Operation)?]
    private var started = 0

    init(sessions: Int) {
        // Several sessions meet at each key, but not so many that nobody could judge the history.
        let keys = min(Self.keysMax, max(4, sessions))
        workloads = (0..<sessions).map { place in
            Workload(
                client: place, readPermille: 300, keys: keys, flips: false, random: SeededRandom(seed: UInt64(place)))
        }
        running = Array(repeating: nil, count: sessions)
    }

    mutating func begin(_ session: Int, at now: Instant) -> (payload: Bytes, isRead: Bool) {
        let operation = workloads[session].next()
        started += 1
        let id = OperationID(client: session, number: started)
        running[session] = (id, operation)
        history.append(.call(id, operation, at: now))
        return (ServiceCodec.bytes(of: operation), operation.isRead)
    }

    mutating func end(_ session: Int, _ outcome: Outcome, at now: Instant) {
        guard let call = running[session] else { return }
        running[session] = nil
        switch outcome {
        case .result(let bytes, _):
            let answer = ServiceCodec.answer(in: bytes, to: call.operation)
            workloads[session].answered(call.operation, answer)
            history.append(.end(call.id, .answer(answer), at: now))
        case .failed: history.append(.end(call.id, .failed, at: now))
        case .unknown: history.append(.end(call.id, .unknown, at: now))
        }
    }
}
