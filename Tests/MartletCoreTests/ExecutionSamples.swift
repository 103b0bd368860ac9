// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

@testable import MartletCore

/// A service that appends what it is told; its result is the whole log's length and the context's seed.
struct AppendingMachine: StateMachine {
    struct Mismatch: Error {}

    var log: [Bytes] = []
    var contexts: [ExecutionContext] = []

    mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes {
        log.append(operation)
        contexts.append(context)
        return [UInt8(log.count)]
    }

    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer {
        ReadAnswer(result: [UInt8(log.count)], version: lastExecuted)
    }

    func snapshot() -> [Bytes] { log }

    static func encode(_ snapshot: [Bytes]) -> Bytes { snapshot.flatMap { $0 } }

    mutating func restore(from bytes: Bytes) throws {
        guard !bytes.contains(0xFF) else { throw Mismatch() }
        log = bytes.map { [$0] }
    }
}

extension PendingSnapshot {
    /// The service's.
    var chunks: [Bytes] { write(after: nil) { _ in .zero }.chunks }
}

enum Sample {
    static let view: View = {
        do { return try Samples.view() } catch { preconditionFailure("\(error)") }
    }()

    static func client(_ number: UInt64) -> ClientID { ClientID(PublicKey(words: Words32(number, 0, 0, 0))) }

    static func request(
        _ client: ClientID, _ session: SessionID, _ sequence: UInt64, keptFrom: UInt64 = 0,
        kind: RequestKind = .operation, payload: Bytes = [1]
    ) -> Request {
        Request(
            id: RequestID(client: client, session: session, sequence: SequenceNumber(sequence)), kind: kind,
            repliesKeptFrom: SequenceNumber(keptFrom), payload: payload)
    }

    static func execution(_ instance: UInt64, view: UInt64 = 1, _ steps: [ExecutionStep]) -> ExecutionOrder {
        .execute(
            Execution(
                epoch: Epoch(view: ViewNumber(view), regency: .first), instance: Instance(instance),
                digest: Digest(words: Words32(instance, 0, 0, 0)), time: Timestamp(instance * 10), steps: steps))
    }

    static func opening(_ client: ClientID, _ number: UInt64, _ session: SessionID, evicted: [SessionID] = [])
        -> ExecutionStep
    {
        ExecutionStep(
            request: request(client, .none, number, kind: .open, payload: []),
            verdict: .open(session, evicted: evicted))
    }

    static func record(_ session: SessionID, _ client: ClientID, highest: UInt64, replies: [KeptReply] = [])
        -> SessionRecord
    {
        SessionRecord(
            id: session, client: client, highest: SequenceNumber(highest), marks: [], repliesKeptFrom: .init(0),
            replies: replies)
    }
}

/// Where it does not matter what exactly was executed.
extension ExecutionStep {
    init(request: Request, verdict: ExecutionVerdict) {
        self.init(request: request, digest: .zero, verdict: verdict)
    }
}

extension Provenance {
    static let unknown = Provenance(request: .zero, instance: Instance(1), time: .zero)
}

extension KeptReply {
    init(sequence: SequenceNumber, body: ReplyBody) {
        self.init(sequence: sequence, body: body, provenance: .unknown)
    }
}

extension ReplyCache {
    mutating func keep(_ body: ReplyBody, of request: Request) { keep(body, of: request, .unknown) }
}
