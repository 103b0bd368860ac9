// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Everything an operation may depend on besides the state and its own bytes; equal at all replicas.
public struct ExecutionContext: Hashable, Sendable {
    /// The client that asked, by its key.
    public let client: ClientID
    /// The instance whose batch holds the operation.
    public let instance: Instance
    /// Agreed time: strictly later than that of every earlier instance.
    public let time: Timestamp
    /// A seed for pseudo-random choices, different for every operation. A leader can grind it: never let anything of
    /// worth hang on its being unpredictable.
    public let seed: UInt64

    public init(client: ClientID, instance: Instance, time: Timestamp, seed: UInt64) {
        self.client = client
        self.instance = instance
        self.time = time
        self.seed = seed
    }
}

/// What a read found.
public struct ReadAnswer: Hashable, Sendable {
    /// What the client gets.
    public let result: Bytes
    /// The last instance that changed what was read, absence included. When in doubt, the last executed instance:
    /// a larger version is always safe, it only makes a read wait longer or match less often.
    public let version: Instance

    public init(result: Bytes, version: Instance) {
        self.result = result
        self.version = version
    }
}

/// What an embedder writes: a deterministic service. Two replicas that execute the same operations in the same order
/// must give the same results and the same encoded snapshots, on any machine. Nothing but the arguments may decide:
/// no clock, no random numbers, no iteration over `Set` or `Dictionary`, no floating point whose last bit matters.
///
/// Bytes come from clients and may be anything: answer malformed operations with an error result of your own, never
/// trap. All methods are called by one thread, except `encode`, which may run beside execution.
public protocol StateMachine: Sendable {
    /// A picture of the state at one instant. Taking one should cost O(1): persistent structures, or copy-on-write.
    associatedtype Snapshot: Sendable

    /// Executes one ordered operation and returns its result, of at most 8 MiB. Never fails: what is malformed or not
    /// allowed has a result that says so.
    mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes

    /// Answers a query without changing anything, be it ordered or not. `lastExecuted` is the newest instance in the
    /// state. Like `execute` it never fails, and its result has at most 8 MiB.
    func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer

    /// The state now. Called between operations, after every `GroupSettings.checkpointPeriod` instances, and before every
    /// instance where the group executes tentatively.
    func snapshot() -> Snapshot

    /// The snapshot as bytes: equal states give equal bytes. With the sessions' replies they must stay below 256 MiB.
    static func encode(_ snapshot: Snapshot) -> Bytes

    /// Replaces the whole state by an encoded snapshot. The bytes were agreed on by a quorum; throws when they are not
    /// what `encode` writes, which then means another version of the service.
    mutating func restore(from bytes: Bytes) throws

    /// Goes back to a snapshot of this very state, taken a few instances ago: only where the group executes tentatively. Unless
    /// the service has a faster way, it is encoded and restored.
    mutating func rollBack(to snapshot: Snapshot)
}

extension StateMachine {
    public mutating func rollBack(to snapshot: Snapshot) {
        do {
            try restore(from: Self.encode(snapshot))
        } catch {
            preconditionFailure("the service cannot restore its own snapshot: \(error)")
        }
    }
}
