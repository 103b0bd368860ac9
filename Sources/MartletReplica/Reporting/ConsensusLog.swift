// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCore
import MartletTypes

/// At the log level `trace`, tells how long each instance took that this replica proposed: from the moment in which it
/// first sent PROPOSE to the one in which it decided, both read from its monotonic clock when its ordering stage began
/// the step. At other levels it keeps nothing and costs nothing.
struct ConsensusLog {
    private let logger: Logger
    private let isOn: Bool
    /// Only looked up. What is never decided under this replica's lead stays until the next leader's decision of it.
    private var proposed: [Instance: (epoch: Epoch, at: Instant)] = [:]

    init(logger: Logger) {
        self.logger = logger
        isOn = logger.logLevel <= .trace
    }

    mutating func note(_ effects: borrowing Effects, at now: Instant) {
        guard isOn else { return }
        for send in effects.sends {
            guard case .propose(let proposal) = send.message else { continue }
            let instance = proposal.batch.instance
            if let known = proposed[instance], known.epoch >= proposal.epoch { continue }
            proposed[instance] = (proposal.epoch, now)
        }
        for order in effects.executions {
            guard case .execute(let execution) = order,
                let begin = proposed.removeValue(forKey: execution.instance)
            else { continue }
            let took = now.since(begin.at)
            logger.trace("instance \(execution.instance) decided \(took.nanoseconds / 1_000) µs after its proposal")
        }
    }
}
