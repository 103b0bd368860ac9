// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletKV
import MartletReplica
import ServiceLifecycle

/// What a replica that this program runs can replicate.
enum ReplicatedService: String, ExpressibleByArgument {
    case kv
    case null

    func replica(_ configuration: ReplicaConfiguration, replyBytes: Int) throws -> any Service {
        switch self {
        case .kv: try Replica(configuration: configuration, machine: KVStateMachine())
        case .null: try Replica(configuration: configuration, machine: NullService(replyBytes: replyBytes))
        }
    }
}
