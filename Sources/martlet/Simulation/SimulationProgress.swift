// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A line on a terminal that tells how far a series of runs is; nothing where nobody watches.
final class SimulationProgress: Sendable {
    private let total: Int
    private let isShown = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private let last = Mutex(ContinuousClock.now)
    private static let width = 30

    init(total: Int) { self.total = total }

    /// Five times a second at most.
    func show(done: Int) {
        guard isShown else { return }
        let now = ContinuousClock.now
        let isDue = last.withLock { last in
            guard now - last >= .milliseconds(200) else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let seconds = (now - start) / .seconds(1)
        Console.write("\r\u{1B}[K" + Self.text(done: done, total: total, seconds: seconds), to: .standardError)
    }

    func clear() {
        if isShown { Console.write("\r\u{1B}[K", to: .standardError) }
    }

    static func text(done: Int, total: Int, seconds: Double) -> String {
        let filled = total > 0 ? done * width / total : width
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
        let rate = seconds > 0 ? Double(done) / seconds : 0
        return "\(bar) \(done) of \(total), \(Rounding.text(rate, digits: 1)) runs/s"
    }
}
