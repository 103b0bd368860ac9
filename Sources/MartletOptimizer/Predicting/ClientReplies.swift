// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// When clients have replies enough, by place.
struct ClientReplies: Sendable {
    let model: ClientModel
    /// By place and replica.
    private let links: [UInt64]
    private let weakWeights: [UInt64]
    private let weakCount: UInt64
    private var arrivals: ArrivalOrder

    init(_ model: ClientModel, rule: QuorumRule) {
        precondition(model.places.allSatisfy { $0.fromReplicas.count == rule.n }, "the clients are of another view")
        self.model = model
        links = model.places.flatMap { $0.fromReplicas.map(\.rawValue) }
        weakWeights = Array(repeating: 1, count: rule.n)
        weakCount = UInt64(rule.weakCount)
        arrivals = ArrivalOrder(receivers: model.places.count, senders: rule.n)
    }

    /// When the clients at a place accept the result of the instance, since its leader proposed it.
    mutating func time(at place: Int, of instances: InstanceRounds) -> UInt64 {
        switch model.replies {
        case .weakCertificate:
            arrivals.quorumTime(
                at: place, sent: instances.decided, links: links, weights: weakWeights, quorum: weakCount)
        case .quorum:
            arrivals.quorumTime(
                at: place, sent: instances.decided, links: links, weights: instances.weights, quorum: instances.quorum)
        case .tentativeQuorum:
            arrivals.quorumTime(
                at: place, sent: instances.written, links: links, weights: instances.weights, quorum: instances.quorum)
        }
    }
}
