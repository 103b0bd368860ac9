// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes

/// The key-value service: an ordered map of bytes to bytes. Operations and results are those of `KVOperation` and
/// `KVResult`; bytes that are no operation give `KVResult.refused`.
public struct KVStateMachine: StreamingStateMachine {
    private var state: KVState

    public init() { self.init(chunking: .standard) }

    /// With another bound on the state, or other chunks, for tests.
    package init(stateBytesMax: Int = KVLimits.stateBytesMax, chunking: KVChunking = .standard) {
        state = KVState(encodedBytesMax: stateBytesMax, chunking: chunking)
    }

    /// How many keys there are.
    public var count: Int { state.entries.count }

    public mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes {
        do {
            return state.apply(try KVOperation(payload: operation), at: context.instance).payload
        } catch {
            return KVResult.refused(error).payload
        }
    }

    /// Answers `get` and `scan`; anything else would have to be ordered.
    public func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer {
        do {
            let answer = state.answer(try KVOperation(payload: query), lastExecuted: lastExecuted)
            return ReadAnswer(result: answer.result.payload, version: answer.version)
        } catch {
            return ReadAnswer(result: KVResult.refused(error).payload, version: lastExecuted)
        }
    }

    public func snapshot() -> KVSnapshot { KVSnapshot(state) }

    /// Costs in proportion to what has changed since the snapshot before.
    public static func write(_ snapshot: KVSnapshot, into writer: inout SnapshotWriter<KVSnapshot>) {
        snapshot.write(into: &writer)
    }

    /// A state that is not taken leaves the one before.
    public mutating func restore(from reader: inout SnapshotReader) throws {
        var restoring = KVRestoring(state.chunking)
        try restoring.readHeader(reader.next() ?? [])
        while let chunk = try reader.next() { try restoring.read(chunk, isLast: reader.chunksLeft == 0) }
        state = try restoring.finish(encodedBytesMax: state.encodedBytesMax)
    }

    public mutating func beginAnew() { state.forgetVersions() }

    public mutating func rollBack(to snapshot: KVSnapshot) { state = snapshot.state }
}
