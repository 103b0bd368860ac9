// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

@Suite struct NewestSnapshotTests {
    private func pending<Machine>(_ machine: Machine) -> PendingSnapshot<Machine> {
        PendingSnapshot(
            instance: Instance(1), time: Timestamp(1), view: Sample.view,
            sessions: SessionTable(settings: GroupSettings()), adaptation: .empty,
            replies: ReplyCache(settings: GroupSettings()), application: machine.snapshot())
    }

    @Test func theNextIsWrittenAfterIt() {
        var newest = NewestSnapshot<Heavy>()
        #expect(newest.write(pending(Heavy())) { _ in .zero }.chunks == [[0]])
        #expect(newest.write(pending(Heavy())) { _ in .zero }.chunks == [[0], [1]])
        let manifest = CheckpointManifest(imageChunks: 1, bytes: 3, digests: [.zero, .zero])
        let checkpoint = HashedCheckpoint(
            contents: CheckpointContents(imageChunks: 1, chunks: [[9], [8]]), manifest: manifest, digest: .zero)
        newest.note(Load(), restoredFrom: checkpoint)
        #expect(newest.write(pending(Heavy())) { _ in .zero }.chunks == [[8], [1]])
    }

    /// Its memory would be copied as soon as the service changes anything.
    @Test func aServiceThatMakesNoUseOfItIsNotHeldToIt() {
        var light = NewestSnapshot<Light>()
        var heavy = NewestSnapshot<Heavy>()
        weak var dropped: Load?
        weak var kept: Load?
        do {
            let (one, other) = (Light(), Heavy())
            (dropped, kept) = (one.load, other.load)
            _ = light.write(pending(one)) { _ in .zero }
            _ = heavy.write(pending(other)) { _ in .zero }
        }
        #expect(dropped == nil && kept != nil)
        #expect(light.write(pending(Light())) { _ in .zero }.chunks == [[1]])
        #expect(!heavy.write(pending(Heavy())) { _ in .zero }.chunks.isEmpty)
    }
}

private final class Load: Sendable {}

private struct Light: StateMachine {
    let load = Load()

    func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes { [] }
    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer { ReadAnswer(result: [], version: lastExecuted) }
    func snapshot() -> Load { load }
    static func encode(_ snapshot: Load) -> Bytes { [1] }
    func restore(from bytes: Bytes) {}
}

/// Writes the chunks of before and one more.
private struct Heavy: StreamingStateMachine {
    let load = Load()

    func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes { [] }
    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer { ReadAnswer(result: [], version: lastExecuted) }
    func snapshot() -> Load { load }
    static func write(_ snapshot: Load, into writer: inout SnapshotWriter<Load>) {
        let before = writer.previous?.chunks.count ?? 0
        writer.appendUnchanged(0..<before)
        writer.append([UInt8(before)])
    }
    func restore(from reader: inout SnapshotReader) {}
}
