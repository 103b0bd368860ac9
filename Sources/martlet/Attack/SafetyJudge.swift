// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletCrypto
import MartletKV
import MartletTransport
import MartletTypes

/// Compares what the honest replicas hold with each other and with what honest clients were told. Knows nothing of how
/// replicas agree.
struct SafetyJudge {
    /// How long the honest replicas may take to have executed the same, once the load has stopped.
    private static let settlingMax = Duration.seconds(15)
    /// What the replaying outsider added to its key at most, each once.
    private static let replayedMax: Int64 = 50

    let group: LocalGroup
    let view: View
    /// The members that are no liars.
    let honest: [ReplicaID]

    /// All that is wrong.
    func violations(_ histories: [SessionHistory]) async throws -> [String] {
        let comparison = try await comparison()
        let found = histories.flatMap(\.violations) + comparison.violations
        guard let values = comparison.values else { return found }
        return found + Self.violations(of: histories, values)
    }

    /// What the honest replicas hold.
    struct Comparison {
        /// How they differ, or why they do not tell.
        var violations: [String] = []
        /// Of the first of them; nil when none tells.
        var values: [Bytes: Bytes]?
    }

    func comparison() async throws -> Comparison {
        var result = Comparison()
        for id in honest where group.process(id)?.processIdentifier == nil {
            result.violations.append("replica \(id) has ended by itself")
        }
        guard let voters = try await settled() else {
            result.violations.append("the honest replicas did not execute the same within \(Self.settlingMax)")
            return result
        }
        let states = try await states(of: voters)
        guard let first = states.first else {
            result.violations.append("no honest replica tells its state")
            return result
        }
        for (id, items) in states.dropFirst() where items != first.items {
            result.violations.append("replica \(id) has another state than replica \(first.id)")
        }
        result.values = Dictionary(uniqueKeysWithValues: first.items.map { ($0.key, $0.value) })
        return result
    }

    // MARK: States

    /// The honest members that vote, once all honest ones have executed equally far and nothing waits.
    private func settled() async throws -> [ReplicaID]? {
        let limit = ContinuousClock.now + Self.settlingMax
        var last: Instance?
        while ContinuousClock.now < limit {
            let reports = try await group.reports().filter { honest.contains($0.member.id) }
            let statuses = reports.compactMap(\.status)
            let executed = Set(statuses.map(\.executed))
            if statuses.count == honest.count, executed.count == 1, executed.first == last {
                return statuses.filter { $0.mode == .voter }.map(\.replica)
            }
            last = executed.count == 1 ? executed.first : nil
            try await Task.sleep(for: .milliseconds(200))
        }
        return nil
    }

    private func states(of voters: [ReplicaID]) async throws -> [(id: ReplicaID, items: [KVPage.Item])] {
        let identity = try TLSIdentity(seed: group.clientKey.seed)
        let loops = EventLoops(threadCount: 1)
        do {
            let states = try await states(of: voters, identity, loops)
            await loops.shutDown()
            return states
        } catch {
            await loops.shutDown()
            throw error
        }
    }

    private func states(
        of voters: [ReplicaID], _ identity: TLSIdentity, _ loops: EventLoops
    ) async throws -> [(id: ReplicaID, items: [KVPage.Item])] {
        var states: [(id: ReplicaID, items: [KVPage.Item])] = []
        for member in view.members where voters.contains(member.id) {
            let reader = MemberReader(member, of: view, identity: identity, loops: loops)
            states.append((member.id, try await reader.items()))
        }
        return states
    }

    // MARK: Against what clients were told

    /// What is wrong with a state, after all that clients were told.
    static func violations(of histories: [SessionHistory], _ values: [Bytes: Bytes]) -> [String] {
        lost(histories, values) + miscounted(histories, values) + invented(histories, values)
    }

    /// Nothing that was acknowledged is gone, or changed.
    private static func lost(_ histories: [SessionHistory], _ values: [Bytes: Bytes]) -> [String] {
        histories.flatMap { history in
            (0..<SessionHistory.ownKeys).map(history.ownKey).compactMap { key -> String? in
                guard let expected = history.expected[key], !expected.allows(values[key]) else { return nil }
                return "the last acknowledged value of \(text(key)) is not there"
            }
        }
    }

    /// Each sum was told once, and none that was told is missing.
    private static func miscounted(_ histories: [SessionHistory], _ values: [Bytes: Bytes]) -> [String] {
        (0..<SessionHistory.counters).flatMap { counter -> [String] in
            let mine = histories.filter { $0.number % SessionHistory.counters == counter }
            let sums = mine.flatMap(\.sums).sorted()
            let unknown = mine.map(\.unknownIncrements).reduce(0, +)
            let final = values[SessionHistory.counter(counter)].flatMap { Int64(text($0)) } ?? 0
            var found: [String] = []
            if Set(sums).count != sums.count { found.append("two increments of counter \(counter) gave one sum") }
            if !(Int64(sums.count)...Int64(sums.count + unknown)).contains(final) {
                found.append(
                    "counter \(counter) is \(final) after \(sums.count) acknowledged and \(unknown) unknown increments")
            }
            if let last = sums.last, last > final { found.append("counter \(counter) went back from \(last)") }
            return found
        }
    }

    /// Nothing is there that no client wrote.
    private static func invented(_ histories: [SessionHistory], _ values: [Bytes: Bytes]) -> [String] {
        let own = Set(histories.flatMap { history in (0..<SessionHistory.ownKeys).map(history.ownKey) })
        let counters = Set((0..<SessionHistory.counters).map(SessionHistory.counter))
        var found = values.keys.filter { key in
            !own.contains(key) && !counters.contains(key) && !text(key).hasPrefix("x/")
        }.map { "nobody wrote \(text($0))" }
        if let replayed = values[Bytes("x/replayed".utf8)].flatMap({ Int64(text($0)) }), replayed > replayedMax {
            found.append("\(replayedMax) increments, sent again and again, gave \(replayed)")
        }
        return Array(found.prefix(5))
    }

    private static func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
}
