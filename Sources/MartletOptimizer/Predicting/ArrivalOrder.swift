// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// When enough messages have reached a receiver. Each receiver's order of arrival is kept from one question to the next:
/// the next one's order is nearly the same, so that sorting it again takes few steps.
struct ArrivalOrder: Sendable {
    private let senderCount: Int
    /// For each receiver, the senders in the order in which their messages arrived the last time.
    private var senders: [UInt8]
    private var times: [UInt64]

    init(receivers: Int, senders count: Int) {
        precondition(count <= ReplicaSet.membersMax)
        senderCount = count
        senders = (0..<receivers).flatMap { _ in (0..<count).map { UInt8($0) } }
        times = Array(repeating: 0, count: count)
    }

    /// The arrival at which the summed weight first reaches the quorum, arrivals taken in the order of time (adaptation
    /// §4); missing when what arrives is not enough. `sent` and `weights` are by sender, `links` by receiver and sender.
    mutating func quorumTime(
        at receiver: Int, sent: [UInt64], links: [UInt64], weights: [UInt64], quorum: UInt64
    ) -> UInt64 {
        let row = receiver * senderCount
        for place in 0..<senderCount {
            let sender = senders[row + place]
            let time = sent[Int(sender)] &+ links[row + Int(sender)]
            var gap = place
            while gap > 0, times[gap - 1] > time {
                times[gap] = times[gap - 1]
                senders[row + gap] = senders[row + gap - 1]
                gap -= 1
            }
            times[gap] = time
            senders[row + gap] = sender
        }
        var weight: UInt64 = 0
        for place in 0..<senderCount {
            weight &+= weights[Int(senders[row + place])]
            if weight >= quorum { return min(times[place], Latency.missing.rawValue) }
        }
        return Latency.missing.rawValue
    }
}
