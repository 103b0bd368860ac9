// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The last challenges to one member and what became of them. An answer counts once, with its true time however late it is,
/// as long as the challenge stands here; what was never answered counts as +∞, so that whoever falls silent becomes
/// missing, and what it answered before never makes it look fast.
package struct SampleWindow: Sendable {
    package static let kept = 32
    /// So many may wait for their answers at a time: the more there are, the sooner others are pushed out.
    package static let openMax = 8

    /// Lengths of time, local settings.
    package struct Limits: Hashable, Sendable {
        /// What was not answered for so long counts as unanswered, until the answer comes.
        package let patience: Interval
        /// What was asked longer ago does not count any more.
        package let memory: Interval

        package init(patience: Interval, memory: Interval) {
            self.patience = patience
            self.memory = memory
        }
    }

    private struct Sample: Sendable {
        let number: UInt64
        /// What the answer must name besides.
        let digest: Digest?
        let sent: Instant
        var latency: LinkLatency?
    }

    /// The oldest first.
    private var samples: [Sample] = []
    private let capacity: Int

    /// Of the last so many challenges.
    package init(capacity: Int = kept) { self.capacity = capacity }

    package var count: Int { samples.count }

    package func mayAsk(at now: Instant, _ limits: Limits) -> Bool {
        // Never the whole window: who answers nothing must not push out what tells so.
        samples.count { $0.latency == nil && now.since($0.sent) < limits.patience } < min(Self.openMax, capacity / 2)
    }

    package mutating func noteChallenge(_ number: UInt64, expecting digest: Digest?, at now: Instant) {
        if samples.count == capacity { samples.removeFirst() }
        samples.append(Sample(number: number, digest: digest, sent: now))
    }

    /// False when it answers no challenge that still waits here.
    package mutating func noteResponse(_ response: ChallengeResponse, at now: Instant) -> Bool {
        guard
            let place = samples.firstIndex(where: {
                $0.number == response.number && $0.digest == response.digest && $0.latency == nil
            })
        else { return false }
        samples[place].latency = LinkLatency(roundTrip: now.since(samples[place].sent))
        return true
    }

    /// The middle one, of two the slower; nil when nothing was asked that counts.
    package func median(at now: Instant, _ limits: Limits) -> LinkLatency? {
        var latencies: [LinkLatency] = []
        for sample in samples where now.since(sample.sent) <= limits.memory {
            if let latency = sample.latency {
                latencies.append(latency)
            } else if now.since(sample.sent) >= limits.patience {
                latencies.append(.missing)
            }
        }
        guard !latencies.isEmpty else { return nil }
        latencies.sort()
        return latencies[latencies.count / 2]
    }
}
