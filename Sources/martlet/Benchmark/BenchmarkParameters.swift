// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTransport
import MartletTypes

/// What is measured.
struct BenchmarkParameters: Sendable {
    var payload: Int
    var reply: Int
    /// Sessions with one operation outstanding each.
    var clients: Int
    /// 1: all sessions share one connection to each replica. As many as clients: each has its own, with its own key.
    var connections: Int
    var seconds: Int
    var warmup: Int
    var n: Int
    var f: Int?
    var faultModel: FaultModel
    var window: Int?
    /// ω of the group; nil for the usual.
    var measuringPermille: Int?
    var security: TransportSecurity
    var signs: Bool
    var killsLeader: Bool
    /// Show what the replicas log at the level notice and above: leader changes, first of all.
    var tellsLog: Bool
    /// Operations on the key-value service, written down call by call, in place of the service that does nothing.
    var isRecorded = false
    /// The service is the key-value service; it is also where calls are recorded.
    var isKeyed: Bool { isRecorded || keys != nil }
    /// How many keys are in use where the key-value service is loaded with operations that are not recorded.
    var keys: Int?
    /// Replicas write down what they vote for.
    var isDurable = false
    /// K of the group; nil for the usual.
    var checkpointPeriod: Int?

    /// What every figure has to say about itself.
    var json: [JSONValue.Member] {
        [
            .init(name: "payload", value: .integer(payload)), .init(name: "reply", value: .integer(reply)),
            .init(name: "clients", value: .integer(clients)), .init(name: "connections", value: .integer(connections)),
            .init(name: "seconds", value: .integer(seconds)), .init(name: "warmup", value: .integer(warmup)),
            .init(name: "n", value: .integer(n)),
            .init(name: "faultModel", value: .text("\(faultModel)")),
            .init(name: "tls", value: .boolean(security == .tls)), .init(name: "signed", value: .boolean(signs)),
            .init(name: "killLeader", value: .boolean(killsLeader)),
            .init(name: "recorded", value: .boolean(isRecorded)), .init(name: "durable", value: .boolean(isDurable)),
        ]
    }

    var sentence: String {
        let how = connections == 1 ? "sharing one connection to each replica" : "each with connections of its own"
        let who = clients == 1 ? "1 client" : "\(clients) clients \(how)"
        let safety =
            (security == .tls ? "TLS" : "no TLS") + (signs ? ", signed requests" : "") + (isDurable ? ", durable" : "")
        return "\(payload)/\(reply) bytes, \(who), n = \(n) (\(faultModel)), \(safety), \(seconds) s"
    }
}
