// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTransport
import MartletTypes

/// How large the state is that a replica has to come back to, and under which load.
struct RecoveryParameters: Sendable {
    var keys = 1_000_000
    var valueBytes = 1_000
    /// Sessions with one operation outstanding each.
    var clients = 50
    /// So long each load is measured, in seconds.
    var seconds = 10
    /// So many operations are answered while a replica is away.
    var away = 100_000
    var n = 4
    /// K of the group.
    var checkpointPeriod = 8_192
    var tellsLog = false

    var bench: BenchmarkParameters {
        BenchmarkParameters(
            payload: valueBytes, reply: 0, clients: clients, connections: 1, seconds: seconds, warmup: 2, n: n, f: nil,
            faultModel: .byzantine, window: nil, security: .tls, signs: false, killsLeader: false, tellsLog: tellsLog,
            keys: keys, isDurable: true, checkpointPeriod: checkpointPeriod)
    }
}
