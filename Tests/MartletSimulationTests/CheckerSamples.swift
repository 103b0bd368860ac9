// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes

@testable import MartletCore

/// Handmade histories.
enum Sample {
    static let client = ClientID(PublicKey(words: Words32(1, 1, 1, 1)))
    static let other = ClientID(PublicKey(words: Words32(2, 2, 2, 2)))
    static let session = SessionID(instance: Instance(1), place: 0)

    static func request(
        _ sequence: UInt64, _ operation: Operation = .put(key: 0, value: 1), by client: ClientID = client
    ) -> Request {
        Request(
            id: RequestID(client: client, session: session, sequence: SequenceNumber(sequence)), kind: .operation,
            repliesKeptFrom: SequenceNumber(0), payload: ServiceCodec.bytes(of: operation))
    }

    static let opening = Request(
        id: RequestID(client: client, session: .none, sequence: SequenceNumber(1)), kind: .open,
        repliesKeptFrom: SequenceNumber(0), payload: [])

    static func execution(
        _ instance: UInt64, _ requests: [Request] = [], time: UInt64? = nil, seed: UInt64 = 0,
        view: ViewNumber = .genesis
    ) -> Execution {
        Execution(
            epoch: Epoch(view: view, regency: .first), instance: Instance(instance),
            digest: Digest(words: Words32(seed, 0, 0, 0)), time: Timestamp(time ?? instance),
            steps: requests.map { request in
                ExecutionStep(
                    request: request, digest: digest(0),
                    verdict: request.kind == .open ? .open(session, evicted: []) : .execute)
            })
    }

    static func digest(_ number: UInt64) -> Digest { Digest(words: Words32(number, 0, 0, 0)) }
}
