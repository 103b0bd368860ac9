// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What other replicas said about requests that are not in the pool: bodies, and words that they came from the client
/// itself. Bounded per replica, so that one liar cannot push out what others said.
package struct Hearsay: Sendable {
    /// The most requests that one replica may bring up at a time.
    package static let perReplicaMax = 4_096
    /// The most bytes of bodies that one replica may bring up at a time.
    package static let bytesPerReplicaMax = 16 << 20

    private struct Version: Sendable {
        let digest: Digest
        var vouchers = ReplicaSet()
        var body: AdmittedRequest?
    }

    private struct Account: Sendable {
        var ids: [RequestID] = []
        var start = 0
        var bytes = 0
    }

    private struct Rumour: Sendable {
        let source: ReplicaIndex
        var bytes = 0
        /// Each replica vouches for one version only, so there are at most n, and as many with bodies.
        var versions: [Version] = []
        var vouched = ReplicaSet()
    }

    private var rumours: [RequestID: Rumour] = [:]
    private var accounts: ReplicaTable<Account>

    package init(n: Int) { accounts = ReplicaTable(repeating: Account(), count: n) }

    package var count: Int { rumours.count }

    /// Notes that `voter` vouches for this digest; its first word for a request counts.
    package mutating func vouch(_ entry: BatchEntry, by voter: ReplicaIndex) {
        makeRoom(for: entry.id, by: voter)
        guard var rumour = rumours[entry.id], rumour.vouched.insert(voter) else { return }
        if let place = rumour.versions.firstIndex(where: { $0.digest == entry.digest }) {
            rumour.versions[place].vouchers.insert(voter)
        } else if rumour.versions.count < 2 * accounts.count {
            rumour.versions.append(Version(digest: entry.digest, vouchers: ReplicaSet([voter])))
        }
        rumours[entry.id] = rumour
    }

    package mutating func keep(_ body: AdmittedRequest, by voter: ReplicaIndex) {
        let size = body.request.payload.count
        guard size <= Self.bytesPerReplicaMax else { return }
        makeRoom(for: body.id, by: voter)
        guard var rumour = rumours[body.id] else { return }
        if let place = rumour.versions.firstIndex(where: { $0.digest == body.digest }) {
            guard rumour.versions[place].body == nil else { return }
            rumour.versions[place].body = body
        } else {
            guard rumour.versions.count < 2 * accounts.count else { return }
            rumour.versions.append(Version(digest: body.digest, body: body))
        }
        rumour.bytes += size
        rumours[body.id] = rumour
        accounts[rumour.source].bytes += size
        while accounts[rumour.source].bytes > Self.bytesPerReplicaMax { forgetOldest(of: rumour.source) }
    }

    package func vouchers(of entry: BatchEntry) -> ReplicaSet {
        rumours[entry.id]?.versions.first { $0.digest == entry.digest }?.vouchers ?? ReplicaSet()
    }

    package func body(of entry: BatchEntry) -> AdmittedRequest? {
        rumours[entry.id]?.versions.first { $0.digest == entry.digest }?.body
    }

    package mutating func forget(_ id: RequestID) {
        guard let rumour = rumours.removeValue(forKey: id) else { return }
        accounts[rumour.source].bytes -= rumour.bytes
    }

    private mutating func makeRoom(for id: RequestID, by voter: ReplicaIndex) {
        guard rumours[id] == nil else { return }
        if accounts[voter].ids.count - accounts[voter].start >= Self.perReplicaMax { forgetOldest(of: voter) }
        accounts[voter].ids.append(id)
        rumours[id] = Rumour(source: voter)
    }

    private mutating func forgetOldest(of voter: ReplicaIndex) {
        guard accounts[voter].start < accounts[voter].ids.count else { return }
        let id = accounts[voter].ids[accounts[voter].start]
        accounts[voter].start += 1
        if accounts[voter].start >= Self.perReplicaMax {
            accounts[voter].ids.removeFirst(accounts[voter].start)
            accounts[voter].start = 0
        }
        // The id may have been forgotten meanwhile and brought up again by another.
        if rumours[id]?.source == voter { forget(id) }
    }
}
