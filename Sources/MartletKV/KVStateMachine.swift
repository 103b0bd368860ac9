// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes
import MartletWire

/// The key-value service: an ordered map of bytes to bytes. Operations and results are those of `KVOperation` and
/// `KVResult`; bytes that are no operation give `KVResult.refused`.
public struct KVStateMachine: StateMachine {
    private var state: KVState

    public init() { self.init(stateBytesMax: KVLimits.stateBytesMax) }

    /// With another bound on the state, for tests.
    package init(stateBytesMax: Int) { state = KVState(encodedBytesMax: stateBytesMax) }

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

    public static func encode(_ snapshot: KVSnapshot) -> Bytes { snapshot.encoded() }

    public mutating func restore(from bytes: Bytes) throws {
        var restored = try KVSnapshot(decoding: bytes).state
        restored.encodedBytesMax = state.encodedBytesMax
        state = restored
    }

    public mutating func rollBack(to snapshot: KVSnapshot) { state = snapshot.state }
}
