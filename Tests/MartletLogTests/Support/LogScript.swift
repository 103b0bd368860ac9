// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

/// Does everything that a log can do, once, and keeps a model of what it must hold then.
struct LogScript {
    var model = LogModel()
    private(set) var isOver = false

    /// Ends where the power goes. `setSyncs` has the files fail at each sync, or no more.
    mutating func run<Files: FileStore & ~Copyable>(
        _ log: inout LogWriter, _ files: inout Files, setSyncs: (_ files: inout Files, _ fail: Bool) -> Void
    ) {
        do throws(LogError) {
            for round in 1...9 as ClosedRange<UInt64> {
                let records = [
                    Records.vote(round, round), .entered(Epoch(view: .genesis, regency: Regency(round + 1))),
                    Records.stable(round),
                ]
                model.append(records)
                try log.append(records, to: &files)
                if round % 4 != 3 { try sync(&log, &files) }
                if round % 3 == 0 {
                    try log.seal(&files)
                    model.synced()
                }
                model.covered = Instance(round < 3 ? 0 : round - 2)
                log.drop(through: model.covered)
                if round == 5 { try fail(&log, &files, setSyncs) }
            }
            isOver = true
        } catch {
            isOver = false
        }
    }

    private mutating func sync(
        _ log: inout LogWriter, _ files: inout (some FileStore & ~Copyable)
    ) throws(LogError) {
        try log.sync(&files)
        model.synced()
    }

    /// A sync that fails, and a rescue.
    private mutating func fail<Files: FileStore & ~Copyable>(
        _ log: inout LogWriter, _ files: inout Files, _ setSyncs: (inout Files, Bool) -> Void
    ) throws(LogError) {
        model.append([Records.vote(5, 55)])
        try log.append([Records.vote(5, 55)], to: &files)
        setSyncs(&files, true)
        do { try log.sync(&files) } catch LogError.needsRescue { return } catch { _ = error }
        setSyncs(&files, false)
        try log.rescue(&files)
        model.rescued()
    }
}
