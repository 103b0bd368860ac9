// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import MartletTypes

/// The questions for shares of receipts that wait (protocol §4): one of each client in turn, at a bounded pace. A signature costs more
/// than the question, and nobody agrees on what is asked, so that nothing but this keeps a client from having a replica sign without
/// end. What is too much is dropped, as what a replica cannot sign yet is: who still needs it asks again.
struct ReceiptLine<Asker> {
    /// Of one client, whatever connections they came by: as many as a session has requests in flight, by default.
    static var waitingOfClientMax: Int { 128 }
    /// Of all clients.
    static var waitingMax: Int { 131_072 }
    /// For each signature: a thousand a second, some twentieth of one processor.
    static var nanosecondsPerShare: UInt64 { 1_000_000 }
    /// For each question, whether or not anything comes of it.
    static var nanosecondsPerQuestion: UInt64 { 20_000 }
    /// For each byte of a result, which is to be hashed: 100 MB a second.
    static var nanosecondsPerByte: UInt64 { 10 }
    /// What was not used is kept for so long: some sixty at once.
    static var creditMax: Interval { .milliseconds(64) }

    private typealias Question = (id: RequestID, asker: Asker)

    /// Only looked up; those that are in `turns`.
    private var waiting: [ClientID: Deque<Question>] = [:]
    private var turns = Deque<ClientID>()
    private(set) var count = 0
    /// When the next may be signed; in the past while there is credit.
    private var paid: Instant

    init(at now: Instant) { paid = now }

    /// When to take the next one; nil when none waits.
    var due: Instant? { turns.isEmpty ? nil : paid }

    /// The asker must be the client that the request names.
    mutating func add(_ id: RequestID, by asker: Asker) {
        guard count < Self.waitingMax else { return }
        if let line = waiting[id.client] {
            guard line.count < Self.waitingOfClientMax, !line.contains(where: { $0.id == id }) else { return }
        } else {
            turns.append(id.client)
        }
        waiting[id.client, default: []].append((id, asker))
        count += 1
    }

    /// The next one, if it may be signed by now.
    mutating func next(at now: Instant) -> (id: RequestID, asker: Asker)? {
        guard paid <= now, let client = turns.popFirst(), var line = waiting.removeValue(forKey: client),
            let question = line.popFirst()
        else { return nil }
        count -= 1
        charge(Self.nanosecondsPerQuestion, at: now)
        if !line.isEmpty {
            waiting[client] = line
            turns.append(client)
        }
        return question
    }

    /// What it asked for is signed, with a result of so many bytes.
    mutating func noteSigning(of bytes: Int, at now: Instant) {
        charge(Self.nanosecondsPerShare + UInt64(bytes) * Self.nanosecondsPerByte, at: now)
    }

    private mutating func charge(_ nanoseconds: UInt64, at now: Instant) {
        let earliest = Instant(now.rawValue - min(now.rawValue, Self.creditMax.nanoseconds))
        paid = max(paid, earliest) + Interval(nanoseconds: nanoseconds)
    }
}
