// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Predicts what clients see: from sending a request to the leader until enough replies are there (adaptation §4).
///
/// With a window of one, instances follow each other as in `RoundPredictor`: a request waits for half an instance on
/// average, and its own begins where the one before left the replicas. With many at a time, none waits for another, and
/// its own is like the first.
package struct ClientPredictor: Sendable {
    private let rounds: Int
    private var instances: InstanceRounds
    private var replies: ClientReplies
    /// Summed over the rounds, by place.
    private var replySums: [UInt64]
    private var consensusSum: UInt64 = 0

    package init(
        rule: QuorumRule, propose: LinkLatencies, vote: LinkLatencies, clients: ClientModel,
        rounds: Int = RoundPredictor.roundsDefault
    ) {
        precondition((1...RoundPredictor.roundsMax).contains(rounds) && rule.n == vote.count)
        self.rounds = clients.window == .one ? rounds : 1
        instances = InstanceRounds(
            faultModel: rule.faultModel, voting: VotingWeights(rule), propose: propose, vote: vote)
        replies = ClientReplies(clients, rule: rule)
        replySums = Array(repeating: 0, count: clients.places.count)
    }

    /// The mean over all clients; missing when one of them would wait for a missing replica. What lies above the limit
    /// may be cut short: then the outcome is missing, too.
    package mutating func latency(of assignment: WeightAssignment, atMost limit: Latency = .missing) -> Latency {
        if rounds > 1, !limit.isMissing, firstLatency(of: assignment) > limit { return .missing }
        run(assignment, rounds: rounds)
        return mean(assignment.leader, over: rounds)
    }

    /// Of the first instance alone, which is the fastest: offsets make nothing earlier.
    mutating func firstLatency(of assignment: WeightAssignment) -> Latency {
        run(assignment, rounds: 1)
        return mean(assignment.leader, over: 1)
    }

    /// By place.
    package mutating func latencies(of assignment: WeightAssignment) -> [Latency] {
        run(assignment, rounds: rounds)
        return replies.model.places.indices.map { wait(at: $0, assignment.leader, over: rounds) }
    }

    private mutating func run(_ assignment: WeightAssignment, rounds: Int) {
        instances.begin(leader: assignment.leader.position, heavy: assignment.heavy)
        consensusSum = 0
        for place in replySums.indices { replySums[place] = 0 }
        var left = UInt64(rounds)
        while left > 0 {
            let decided = instances.decideAtLeader()
            instances.decideElsewhere()
            let goesOn = instances.advance()
            let alike = goesOn ? 1 : left
            consensusSum = Self.sum(consensusSum, decided, alike)
            for place in replySums.indices {
                replySums[place] = Self.sum(replySums[place], replies.time(at: place, of: instances), alike)
            }
            left -= alike
        }
    }

    private func mean(_ leader: ReplicaIndex, over rounds: Int) -> Latency {
        var sum: UInt64 = 0
        var clients: UInt64 = 0
        for (place, client) in replies.model.places.enumerated() {
            let wait = wait(at: place, leader, over: rounds)
            guard !wait.isMissing else { return .missing }
            sum += wait.rawValue * UInt64(client.clients)
            clients += UInt64(client.clients)
        }
        return Latency(sum / clients)
    }

    private func wait(at place: Int, _ leader: ReplicaIndex, over rounds: Int) -> Latency {
        let request = replies.model.places[place].toReplicas[leader.position]
        let waiting = replies.model.window == .one ? consensusSum : 0
        guard !request.isMissing, consensusSum < Latency.missing.rawValue, replySums[place] < Latency.missing.rawValue
        else { return .missing }
        return Latency(request.rawValue + (waiting + 2 * replySums[place]) / UInt64(2 * rounds))
    }

    /// Adds a time so often; once missing, always missing.
    private static func sum(_ sum: UInt64, _ time: UInt64, _ count: UInt64) -> UInt64 {
        let missing = Latency.missing.rawValue
        return sum >= missing || time >= missing ? missing : sum + time * count
    }
}

/// Reads that are not ordered.
extension ClientPredictor {
    /// What clients at a place wait for a read that is not ordered, of a key that nobody is writing: for the round trips
    /// to a quorum.
    package static func readLatency(
        at place: ClientPlace, rule: QuorumRule, heavy: ReplicaSet
    ) -> Latency {
        precondition(place.toReplicas.count == rule.n)
        var arrivals = ArrivalOrder(receivers: 1, senders: rule.n)
        let weights = (0..<rule.n).map {
            (heavy.contains(ReplicaIndex($0)) ? rule.heavyWeight : rule.lightWeight).rawValue
        }
        return Latency(
            arrivals.quorumTime(
                at: 0, sent: place.toReplicas.map(\.rawValue), links: place.fromReplicas.map(\.rawValue),
                weights: weights, quorum: rule.quorumWeight.rawValue))
    }
}
