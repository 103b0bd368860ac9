// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import MartletCore
import MartletLog
import MartletTypes
import Synchronization

@testable import MartletReplica

/// A disk without files that is slow, fails or hangs as a test says.
final class ScriptedDisk: DurableDisk {
    struct State {
        var records: [LogRecord] = []
        var attempts = 0
        var seals = 0
        var snapshots: [Instance] = []
        var keptAt: [Instant] = []
        var replacementsBegun = 0
        /// The damaged segments are gone by now.
        var isReplaced = false
        /// What comes of a replacement; a log that is not writable after it has failed needs a rescue.
        var replacementFails = false
        var isLogWritable = true
        var finishes = true
        var rewritten: [LogRewritten] = []
        var takes = Interval.zero
        var fails = false
        /// Whoever calls waits until it does not.
        var hangs = false
        var keepHangs = false
        var cleaningFailure: FileError?
    }

    private let state = Mutex(State())

    init(_ change: (inout State) -> Void = { _ in }) { self.change(change) }

    var now: State { state.withLock { $0 } }
    func change(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    private func work(while hangs: (State) -> Bool) throws(FileError) {
        Thread.sleep(forTimeInterval: Double(now.takes.nanoseconds) / 1e9)
        while hangs(now) { Thread.sleep(forTimeInterval: 0.01) }
        if now.fails { throw .noSpace(file: "a scripted file") }
    }

    func append(_ records: [LogRecord]) throws(LogError) {
        change { $0.attempts += 1 }
        do {
            try work(while: \.hangs)
        } catch {
            throw .file(error)
        }
        change { $0.records += records }
    }

    func seal() throws(LogError) { change { $0.seals += 1 } }
    func drop(through instance: Instance) {}
    var logCleaningFailure: FileError? { now.cleaningFailure }

    func keep(
        _ checkpoint: HashedCheckpoint, after instance: Instance, resting: () -> Void
    ) throws(FileError) -> Instance? {
        try work(while: \.keepHangs)
        change {
            $0.snapshots.append(instance)
            $0.keptAt.append(SystemClock.monotonic)
        }
        return nil
    }

    func note(stable certificate: CheckpointCertificate) -> Instance? { nil }
    var snapshotCleaningFailure: FileError? { now.cleaningFailure }

    // MARK: - Damage at rest

    var damage: DiskDamage { DiskDamage() }

    var isLogWritable: Bool { now.isLogWritable }

    func beginReplacement(through damaged: SegmentNumber) throws(LogError) -> SegmentNumber? {
        if now.fails || now.replacementFails { throw .file(.noSpace(file: "a scripted file")) }
        change { $0.replacementsBegun += 1 }
        if now.isReplaced { return nil }
        return damaged.next
    }

    func finishReplacement(_ rewritten: LogRewritten) throws(LogError) -> Bool {
        if now.replacementFails { throw .file(.noSpace(file: "a scripted file")) }
        change { $0.rewritten.append(rewritten) }
        return now.finishes
    }

    func isDamaged(_ instance: Instance, _ digest: Digest) -> Bool { false }
}
