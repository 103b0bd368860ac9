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
///
/// This is the simple form: at every checkpoint the whole state is encoded. A service with more than some 100 MiB of it
/// conforms to `StreamingStateMachine` instead.
public protocol StateMachine: StreamingStateMachine {
    /// The snapshot as bytes: equal states give equal bytes.
    static func encode(_ snapshot: Snapshot) -> Bytes

    /// Replaces the whole state by an encoded snapshot. The bytes were agreed on by a quorum; throws when they are not
    /// what `encode` writes, which then means another version of the service.
    mutating func restore(from bytes: Bytes) throws
}

/// A service whose snapshots are written and read chunk by chunk, so that no step needs the whole state as one array, and
/// what has not changed since the last checkpoint need not be encoded, hashed, stored or sent again. What is said of
/// `StateMachine` holds here too; `write` is what may run beside execution.
public protocol StreamingStateMachine: Sendable {
    /// A picture of the state at one instant. Taking one should cost O(1): persistent structures, or copy-on-write.
    /// The newest that was written is kept while the service runs on, for `write` to compare with.
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

    /// Writes the snapshot as chunks. **Equal states give equal chunks**: the same bytes cut in the same places, whatever
    /// operations led there, whether the state was restored on the way, and whether `writer.previous` is there or not. So
    /// where to cut must follow from the state alone.
    static func write(_ snapshot: Snapshot, into writer: inout SnapshotWriter<Snapshot>)

    /// Whether `write` makes use of the snapshot before. It does unless said otherwise; where it does not, none is kept, so that
    /// nothing that the service changes later need be copied for its sake.
    static var writesIncrementally: Bool { get }

    /// Replaces the whole state by the chunks of a snapshot, which must be read to the end. They were agreed on by a quorum;
    /// throws when they are not what `write` writes, which then means another version of the service.
    mutating func restore(from reader: inout SnapshotReader) throws

    /// The state that was just restored is that of another group, and this group begins with it (`Genesis.origin`). Instances begin at 1
    /// again, so what the state keeps of instances, as the versions of reads, is to be as if all had been so before the first one (0). All
    /// else stays: agreed time goes on from where it was. A service that keeps no instances has nothing to do.
    mutating func beginAnew()

    /// Goes back to a snapshot of this very state, taken a few instances ago: only where the group executes tentatively. Unless
    /// the service has a faster way, it is written and restored.
    mutating func rollBack(to snapshot: Snapshot)
}

// MARK: - The simple form

extension StateMachine {
    /// In pieces of one size, all of them anew.
    public static func write(_ snapshot: Snapshot, into writer: inout SnapshotWriter<Snapshot>) {
        for piece in SnapshotChunks.pieces(of: encode(snapshot)) { writer.append(piece) }
    }

    public static var writesIncrementally: Bool { false }

    public mutating func restore(from reader: inout SnapshotReader) throws {
        var bytes: Bytes = []
        while let chunk = try reader.next() { bytes += chunk }
        try restore(from: bytes)
    }
}

// MARK: - What both forms have

extension StreamingStateMachine {
    public static var writesIncrementally: Bool { true }

    public mutating func beginAnew() {}

    public mutating func rollBack(to snapshot: Snapshot) {
        do {
            try restore(chunks: Self.written(snapshot).chunks)
        } catch {
            preconditionFailure("the service cannot restore its own snapshot: \(error)")
        }
    }

    /// What `write` writes of a snapshot: for tests, and for whoever keeps snapshots elsewhere.
    public static func written(
        _ snapshot: Snapshot, after previous: WrittenSnapshot<Snapshot>? = nil
    ) -> WrittenSnapshot<Snapshot> {
        written(snapshot, after: previous) { _ in .zero }
    }

    /// With the chunks' digests; those of unchanged ones are the previous snapshot's.
    package static func written(
        _ snapshot: Snapshot, after previous: WrittenSnapshot<Snapshot>?, hashing digest: @escaping (Bytes) -> Digest
    ) -> WrittenSnapshot<Snapshot> {
        var writer = SnapshotWriter(after: previous, hashing: digest)
        write(snapshot, into: &writer)
        return writer.finish(snapshot)
    }

    /// Replaces the whole state by what `write` wrote.
    public mutating func restore(chunks: [Bytes]) throws { try restore(all: SnapshotReader(chunks: chunks)) }

    /// Throws also when chunks are left: then the service does not know what it was given.
    package mutating func restore(all reader: SnapshotReader) throws {
        var reader = reader
        try restore(from: &reader)
        guard reader.chunksLeft == 0 else { throw SnapshotNotReadToTheEnd(chunksLeft: reader.chunksLeft) }
    }
}
