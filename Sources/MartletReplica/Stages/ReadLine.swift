// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import MartletTypes

/// The unordered reads that wait to be run: one of each client in turn, so that whoever asks for thousands waits for those
/// alone. A client of which many wait is not read from until they are fewer.
struct ReadLine<Asker> {
    private struct Waiting {
        var reads = Deque<(read: ReadRequest, asker: Asker)>()
        /// Each as often as it was held.
        var held: [Asker] = []
        /// Of the queries.
        var bytes = 0
    }

    /// Of one client, whatever connections they came by.
    static var holdsAbove: Int { 1024 }
    static var readsAgainAt: Int { 512 }
    static var holdsAboveBytes: Int { 1 << 20 }

    /// Only looked up; those that are in `turns`.
    private var waiting: [ClientID: Waiting] = [:]
    private var turns = Deque<ClientID>()

    var isEmpty: Bool { turns.isEmpty }

    /// False when so many of that client wait that nothing more is to be read from the asker, until `next` says so.
    mutating func add(_ reads: [ReadRequest], of client: ClientID, by asker: Asker) -> Bool {
        guard !reads.isEmpty else { return true }
        if waiting[client] == nil { turns.append(client) }
        for read in reads {
            waiting[client, default: Waiting()].reads.append((read, asker))
            waiting[client]?.bytes += read.query.count
        }
        guard let line = waiting[client], line.reads.count > Self.holdsAbove || line.bytes > Self.holdsAboveBytes else {
            return true
        }
        waiting[client]?.held.append(asker)
        return false
    }

    /// The next to be run, and who is to be read from again, each as often as it is named.
    mutating func next() -> (client: ClientID, read: ReadRequest, asker: Asker, resumed: [Asker])? {
        guard let client = turns.popFirst(), var line = waiting.removeValue(forKey: client),
            let (read, asker) = line.reads.popFirst()
        else { return nil }
        line.bytes -= read.query.count
        var resumed: [Asker] = []
        if line.reads.count <= Self.readsAgainAt, line.bytes <= Self.holdsAboveBytes / 2 { swap(&resumed, &line.held) }
        if !line.reads.isEmpty {
            waiting[client] = line
            turns.append(client)
        }
        return (client, read, asker, resumed)
    }
}
