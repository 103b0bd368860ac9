// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Leader changes at the worst moment.
extension StockScenarios {
    static var regressions: [Scenario] {
        [
            change(calm("first-epoch-lock", "A lock of the first epoch counts as a lock")) {
                // Replica 3 alone decides, and is then alone; the leader dies.
                $0.trouble(.cut, [.accept, .decided, .decisions, .batchBody], reaching: [0, 1, 2], from: 0, to: 200)
                $0.isolate([3], from: 60, to: 500)
                $0.crash(0, at: 60)
                $0.expect("SYNC settling instances")
            },
            change(calm("three-of-four-start", "A group of four starts with one replica missing")) {
                $0.crash(3, at: 0)
                $0.expect("leader changes", min: 0, max: 0)
                $0.expect("calls", min: 80)
            },
            change(calm("timeouts-recover", "Timeouts back off and recover")) {
                $0.trouble(.slow(by: .milliseconds(150)), nil, from: 50, to: 500)
                $0.expect("messages slowed")
                $0.expect("calls", min: 80)
            },
            change(calm("no-vote-after-stopdata", "No vote of an older regency after STOPDATA")) {
                $0.trouble(.clog, [.write, .accept], from: 40, to: 400)
                $0.expect("messages clogged")
                $0.expect("leader changes")
            },
            change(calm("hole-below-decided", "A hole below a certified decision is filled")) {
                // The losses alone must not cost the leader its place: there is to be a hole when it dies.
                $0.timeouts.probe = .seconds(10)
                $0.trouble(.lossy(permille: 500), [.propose, .write], from: 20, to: 250)
                $0.crash(0, at: 150)
                $0.expect("SYNC settling instances")
            },
            change(calm("bound-not-judged", "A bound batch is not judged anew: time, authenticity")) {
                $0.settings.clockBoundMilliseconds = 100
                $0.trouble(.cut, [.accept], from: 20, to: 60)
                $0.isolate([0], from: 60, to: 500)
                $0.trouble(.cut, [.stopData], from: 60, to: 350)
                $0.expect("SYNC settling instances")
            },
            change(calm("stopdata-complete", "STOPDATA names what was voted in, also when the base cannot be proved")) {
                $0.settings.window = 8
                $0.liars = [LiarPlan(replica: 1, kinds: [.certificateForger])]
                $0.isolate([0], from: 100, to: 400)
                $0.expect("leader changes")
                $0.expect("sent STOPDATA", min: 2)
            },
            change(calm("lost-stops", "A lost STOP does not end the group")) {
                $0.crash(0, at: 50)
                $0.trouble(.lossy(permille: 800), [.stop], from: 0, to: 500)
                $0.expect("leader changes")
                $0.expect("messages lost")
            },
            change(calm("promise-by-catching-up", "Entering a regency by catching up is a promise too")) {
                $0.isolate([3], from: 30, to: 300)
                $0.isolate([0], from: 80, to: 250)
                $0.expect("leader changes")
                $0.expect("messages cut off")
            },
        ]
    }
}
