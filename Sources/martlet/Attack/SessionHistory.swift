// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTypes

/// What one session asked and was told. Its own keys are written by nobody else, so that what it must read is known.
struct SessionHistory: Sendable {
    static let ownKeys = 8
    static let counters = 2

    /// What may be at one key.
    struct Expected: Sendable {
        var acknowledged: Bytes?
        /// Written without an answer: each may be there, also later.
        var unknown: [Bytes] = []

        func allows(_ value: Bytes?) -> Bool {
            value == acknowledged || value.map { unknown.contains($0) } ?? false
        }
    }

    let number: Int
    private(set) var expected: [Bytes: Expected] = [:]
    /// The sums that it was told, in order.
    private(set) var sums: [Int64] = []
    private(set) var unknownIncrements = 0
    private(set) var violations: [String] = []
    /// Why calls came to nothing.
    private(set) var failures: [String] = []
    private var count = 0

    init(number: Int) { self.number = number }

    static func counter(_ number: Int) -> Bytes { Bytes("counter/\(number % counters)".utf8) }
    func ownKey(_ place: Int) -> Bytes { Bytes("own/\(number)/\(place)".utf8) }

    /// One more operation; returns whether an ordered one was answered.
    mutating func next(_ client: KVClient) async -> Bool {
        count += 1
        let key = ownKey(count / 4 % Self.ownKeys)
        switch count % 4 {
        case 0: return await increment(client)
        // What it wrote last.
        case 1: return await read(client, ownKey((count / 4 + Self.ownKeys - 1) % Self.ownKeys))
        default: return await put(client, key, Bytes("\(count)".utf8))
        }
    }

    private mutating func put(_ client: KVClient, _ key: Bytes, _ value: Bytes) async -> Bool {
        do {
            try await client.put(key, value)
            expected[key, default: Expected()].acknowledged = value
            return true
        } catch {
            failures.append("\(error)")
            expected[key, default: Expected()].unknown.append(value)
            return false
        }
    }

    private mutating func increment(_ client: KVClient) async -> Bool {
        do {
            let sum = try await client.increment(Self.counter(number))
            if let last = sums.last, sum <= last {
                violations.append("session \(number) was told the sum \(sum) after \(last)")
            }
            sums.append(sum)
            return true
        } catch {
            failures.append("\(error)")
            unknownIncrements += 1
            return false
        }
    }

    private mutating func read(_ client: KVClient, _ key: Bytes) async -> Bool {
        do {
            let value = try await client.get(key)
            if !(expected[key] ?? Expected()).allows(value) {
                violations.append(
                    "session \(number) read what it had not written at \(String(decoding: key, as: UTF8.self))")
            }
        } catch {
            failures.append("\(error)")
        }
        return false
    }
}
