// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What other replicas said about requests that are not in the pool: bodies, and words that they came from the client
/// itself. Bounded per replica. A liar who brings a request up first can push out what others said of it; then it takes
/// the client's signature.
package struct Hearsay: Sendable {
    /// The most requests that one replica may bring up at a time.
    package static let perReplicaMax = 4_096
    /// The most bytes of bodies that one replica may bring up at a time.
    package static let bytesPerReplicaMax = 16 << 20

    private struct Version: Sendable {
        let digest: Digest
        var vouchers = ReplicaSet()
        var body: AdmittedRequest?
        /// Whose account the body is on.
        var bringer: ReplicaIndex?
    }

    private struct Account: Sendable {
        /// The requests that this replica brought up.
        var rumours = Queue()
        /// Those of which it brought a body.
        var bodies = Queue()
        var bytes = 0
    }

    private struct Queue: Sendable {
        private var ids: [RequestID] = []
        private var start = 0

        var isFull: Bool { ids.count - start >= perReplicaMax }
        mutating func append(_ id: RequestID) { ids.append(id) }
        mutating func takeOldest() -> RequestID? {
            guard start < ids.count else { return nil }
            defer {
                start += 1
                if start >= perReplicaMax {
                    ids.removeFirst(start)
                    start = 0
                }
            }
            return ids[start]
        }
    }

    private struct Rumour: Sendable {
        let source: ReplicaIndex
        /// Each replica vouches for one version and brings the body of one, so there are at most 2n.
        var versions: [Version] = []
        var vouched = ReplicaSet()
        var brought = ReplicaSet()

        mutating func takeBackWord(of voter: ReplicaIndex) {
            for place in versions.indices { versions[place].vouchers.remove(voter) }
            versions.removeAll { $0.vouchers.isEmpty && $0.body == nil }
        }

        /// The place of the version with this digest, made when there is none.
        mutating func place(of digest: Digest) -> Int {
            if let place = versions.firstIndex(where: { $0.digest == digest }) { return place }
            versions.append(Version(digest: digest))
            return versions.count - 1
        }
    }

    private var rumours: [RequestID: Rumour] = [:]
    private var accounts: ReplicaTable<Account>

    package init(n: Int) { accounts = ReplicaTable(repeating: Account(), count: n) }

    package var count: Int { rumours.count }

    /// At most 2n.
    package func versions(of id: RequestID) -> Int { rumours[id]?.versions.count ?? 0 }

    /// Of all bodies' payloads.
    package var bytes: Int { accounts.all.reduce(0) { $0 + $1.bytes } }

    /// Notes that `voter` vouches for this digest; its newest word for a request counts.
    package mutating func vouch(_ entry: BatchEntry, by voter: ReplicaIndex) {
        makeRoom(for: entry.id, by: voter)
        guard var rumour = rumours[entry.id] else { return }
        if !rumour.vouched.insert(voter) { rumour.takeBackWord(of: voter) }
        let place = rumour.place(of: entry.digest)
        rumour.versions[place].vouchers.insert(voter)
        rumours[entry.id] = rumour
    }

    /// Keeps a body, one of each replica for a request.
    package mutating func keep(_ body: AdmittedRequest, by voter: ReplicaIndex) {
        let size = body.request.payload.count
        guard size <= Self.bytesPerReplicaMax else { return }
        makeRoom(for: body.id, by: voter)
        guard var rumour = rumours[body.id] else { return }
        let known = rumour.versions.firstIndex { $0.digest == body.digest && $0.body != nil }
        if let known {
            guard body.proof != nil else { return }
            rumour.versions[known].body = body
        } else {
            guard rumour.brought.insert(voter) else { return }
            let place = rumour.place(of: body.digest)
            rumour.versions[place].body = body
            rumour.versions[place].bringer = voter
            accounts[voter].bytes += size
            accounts[voter].bodies.append(body.id)
        }
        rumours[body.id] = rumour
        while accounts[voter].bytes > Self.bytesPerReplicaMax || accounts[voter].bodies.isFull {
            guard let oldest = accounts[voter].bodies.takeOldest() else { return }
            dropBody(of: oldest, by: voter)
        }
    }

    private mutating func dropBody(of id: RequestID, by voter: ReplicaIndex) {
        // The request may have been forgotten meanwhile.
        guard let place = rumours[id]?.versions.firstIndex(where: { $0.bringer == voter }) else { return }
        accounts[voter].bytes -= rumours[id]?.versions[place].body?.request.payload.count ?? 0
        rumours[id]?.versions[place].body = nil
        rumours[id]?.versions[place].bringer = nil
        rumours[id]?.brought.remove(voter)
        // Or one replica that brings the same names with ever new bodies would leave a version of each.
        rumours[id]?.versions.removeAll { $0.vouchers.isEmpty && $0.body == nil }
    }

    package func vouchers(of entry: BatchEntry) -> ReplicaSet {
        guard !rumours.isEmpty else { return ReplicaSet() }
        return rumours[entry.id]?.versions.first { $0.digest == entry.digest }?.vouchers ?? ReplicaSet()
    }

    package func body(of entry: BatchEntry) -> AdmittedRequest? {
        rumours[entry.id]?.versions.first { $0.digest == entry.digest }?.body
    }

    package mutating func forget(_ id: RequestID) {
        // Mostly there is no hearsay at all.
        guard !rumours.isEmpty, let rumour = rumours.removeValue(forKey: id) else { return }
        for version in rumour.versions {
            guard let bringer = version.bringer, let body = version.body else { continue }
            accounts[bringer].bytes -= body.request.payload.count
        }
    }

    private mutating func makeRoom(for id: RequestID, by voter: ReplicaIndex) {
        guard rumours[id] == nil else { return }
        if accounts[voter].rumours.isFull, let oldest = accounts[voter].rumours.takeOldest() {
            // It may have been forgotten meanwhile and brought up again by another.
            if rumours[oldest]?.source == voter { forget(oldest) }
        }
        accounts[voter].rumours.append(id)
        rumours[id] = Rumour(source: voter)
    }
}
