// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@testable import MartletReplica
@testable import martlet_cli

/// What the benchmark of recovery makes of what replicas say of themselves.
@Suite struct RecoveryBenchmarkTests {
    private func status(
        executed: Instance, stable: Instance = .zero, mode: ReplicaMode = .voter
    ) -> ReplicaStatus {
        ReplicaStatus(
            replica: ReplicaID(0), mode: mode, epoch: Epoch(view: .genesis, regency: .first), isSynced: true,
            leader: ReplicaID(0), decided: executed, executed: executed, stableCheckpoint: stable,
            highestKnown: executed, pendingRequests: 0, softwareVersion: "1")
    }

    @Test("A replica that came back has a state before it counts as voting or up to date")
    func moments() {
        var moments = RecoveryReport.Moments()
        moments.note(status(executed: .zero), hasCaughtUp: true, after: 1)
        #expect(moments.state == nil && moments.voting == nil && !moments.isComplete)
        moments.note(status(executed: Instance(1), mode: .learner), hasCaughtUp: false, after: 2)
        moments.note(status(executed: Instance(1)), hasCaughtUp: false, after: 3)
        moments.note(status(executed: Instance(9)), hasCaughtUp: true, after: 4)
        #expect(moments.state == 2 && moments.voting == 3 && moments.caughtUp == 4 && moments.isComplete)
    }

    @Test("What was fetched is what the replica has logged last")
    func transfer() {
        let progress = TransferProgress(
            instance: Instance(8), bytesHeld: 900_000_000, bytesTotal: 900_000_000, bytesFetched: 800_000_000,
            elapsed: .seconds(2))
        #expect(RecoveryReport.Transfer(log: "fetching the state after instance 8")?.bytes == nil)
        let transfer = RecoveryReport.Transfer(log: "one line\n12:00 \(progress.words)\nanother line")
        #expect(transfer?.bytes == 800_000_000 && transfer?.megabytesPerSecond == 400)
    }

    @Test("A checkpoint is written from when it was taken until all had as much time as a quorum")
    func phase() {
        var phase = CheckpointPhase(period: 100)
        func note(_ executed: UInt64, stable: [UInt64], at second: UInt64) {
            phase.note(stable.map { status(executed: Instance(executed), stable: Instance($0)) }, at: Instant(second))
        }
        // Nobody saw when this one was taken.
        note(250, stable: [100, 100, 100, 200], at: 0)
        #expect(!phase.isWriting)
        note(299, stable: [200, 200, 200, 200], at: 10)
        #expect(!phase.isWriting)
        note(301, stable: [200, 200, 200, 200], at: 20)
        #expect(phase.isWriting)
        note(350, stable: [300, 300, 300, 200], at: 40)
        note(360, stable: [300, 300, 300, 300], at: 50)
        note(370, stable: [300, 300, 300, 300], at: 59)
        #expect(phase.isWriting && phase.writtenCount == 0)
        note(380, stable: [300, 300, 300, 300], at: 60)
        #expect(!phase.isWriting && phase.writtenCount == 1)
    }
}
