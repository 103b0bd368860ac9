// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTransport
import MartletTypes

/// The limits and times of one replica that its file may set; sizes in bytes.
struct ReplicaLimits {
    var transport = TransportConfiguration()
    var timeouts = Timeouts()
    var scrubMebibytesPerSecond = 8

    private typealias Count = any WritableKeyPath<ReplicaLimits, Int> & Sendable
    private typealias Time = any WritableKeyPath<ReplicaLimits, Interval> & Sendable

    private static let counts: [(name: String, path: Count)] = [
        ("replicaFrameBytesMax", \.transport.replicaFrameBytesMax),
        ("clientFrameBytesMax", \.transport.clientFrameBytesMax),
        ("clientPartialBytesMax", \.transport.clientPartialBytesMax),
        ("replicaQueueBytesMax", \.transport.replicaQueueBytesMax),
        ("clientQueueBytesMax", \.transport.clientQueueBytesMax),
        ("unreachableQueueBytesMax", \.transport.unreachableQueueBytesMax),
        ("clientConnectionsMax", \.transport.clientConnectionsMax),
        ("connectionsPerClientMax", \.transport.connectionsPerClientMax),
        ("connectionsPerReplicaMax", \.transport.connectionsPerReplicaMax),
        ("unfinishedConnectionsMax", \.transport.unfinishedConnectionsMax),
        ("keepAliveIdleSeconds", \.transport.keepAliveIdleSeconds),
    ]
    private static let times: [(name: String, path: Time)] = [
        ("connectMillisecondsMax", \.transport.connectTimeMax),
        ("handshakeMillisecondsMax", \.transport.handshakeTimeMax),
        ("closeMillisecondsMax", \.transport.closeTimeMax),
        ("backOffMillisecondsMin", \.transport.backOffMin),
        ("backOffMillisecondsMax", \.transport.backOffMax),
        ("requestMillisecondsMin", \.timeouts.requestMin),
        ("requestMillisecondsMax", \.timeouts.requestMax),
        ("farewellMilliseconds", \.timeouts.farewell),
    ]

    private static let scrub = "scrubMebibytesPerSecond"

    static let names = counts.map(\.name) + times.map(\.name) + [scrub]

    init() {}

    init(_ value: YAMLValue) throws(ConfigurationError) {
        let map = try value.map(of: Self.names)
        for (name, path) in Self.counts {
            guard let given = map[name] else { continue }
            self[keyPath: path] = try given.integer(in: 1...Int(Int32.max))
            if let complaint = transport.complaint { throw given.error(complaint) }
        }
        for (name, path) in Self.times {
            guard let given = map[name] else { continue }
            self[keyPath: path] = .milliseconds(UInt64(try given.integer(in: 1...3_600_000)))
        }
        if let given = map[Self.scrub] { scrubMebibytesPerSecond = try given.integer(in: 0...4_096) }
        if let complaint = transport.complaint { throw value.error(complaint) }
        guard timeouts.requestMin <= timeouts.requestMax else {
            throw value.error("requestMillisecondsMin is longer than requestMillisecondsMax")
        }
    }
}
