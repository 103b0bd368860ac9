// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Martlet

// A service of one's own, all of it in this file: a number to which anyone may add. It has the three parts that every
// replicated service has: how requests and answers are written as bytes, the state machine that the replicas run, and
// a typed client.

// MARK: - Requests and answers

/// What a client may ask. To Martlet a request is bytes; what they mean is the service's own business.
public enum CounterRequest: Hashable, Sendable {
    case add(Int64)
    case read

    /// One byte that says which request it is, then the number, most significant byte first.
    public var payload: Bytes {
        switch self {
        case .add(let amount): [1] + bytes(of: amount)
        case .read: [2]
        }
    }

    /// Nil when the bytes are no request. They come from clients, some of whom may be hostile, so anything at all must
    /// be taken calmly here.
    public init?(payload: Bytes) {
        switch payload.first {
        case 1:
            guard let amount = integer(from: payload.dropFirst()) else { return nil }
            self = .add(amount)
        case 2 where payload.count == 1: self = .read
        default: return nil
        }
    }
}

/// What the counter answers. A refusal is an ordinary result: the replicas must agree on it too.
public enum CounterAnswer: Hashable, Sendable {
    case total(Int64)
    /// The sum would not be a 64-bit number; nothing was added.
    case overflow
    /// The bytes were no request, or one that may not be asked in this way.
    case refused

    public var payload: Bytes {
        switch self {
        case .total(let total): [1] + bytes(of: total)
        case .overflow: [2]
        case .refused: [3]
        }
    }

    public init?(payload: Bytes) {
        switch payload.first {
        case 1:
            guard let total = integer(from: payload.dropFirst()) else { return nil }
            self = .total(total)
        case 2 where payload.count == 1: self = .overflow
        case 3 where payload.count == 1: self = .refused
        default: return nil
        }
    }
}

// MARK: - The state machine

/// What every replica runs. All replicas execute the same requests in the same order, so all that has to be seen to is
/// that nothing but the state and the arguments decides what happens.
public struct Counter: StateMachine {
    /// The whole state. It is small, so a copy of it is the snapshot; a service with much state would use structures
    /// that share what is equal, so that a snapshot costs little however large it is.
    public struct Snapshot: Hashable, Sendable {
        fileprivate var total: Int64 = 0
        /// The instance that last changed the total. It belongs into the snapshot, since a replica that got the state
        /// from others must answer reads exactly as they do.
        fileprivate var lastChange = Instance.zero
    }

    private var state = Snapshot()

    public init() {}

    /// Executes a request that the group has ordered.
    public mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes {
        switch CounterRequest(payload: operation) {
        case .add(let amount): add(amount, at: context.instance).payload
        case .read: CounterAnswer.total(state.total).payload
        case nil: CounterAnswer.refused.payload
        }
    }

    private mutating func add(_ amount: Int64, at instance: Instance) -> CounterAnswer {
        // `+` would trap, and a client could so stop all replicas at once.
        let (total, isOverflow) = state.total.addingReportingOverflow(amount)
        guard !isOverflow else { return .overflow }
        state.total = total
        state.lastChange = instance
        return .total(total)
    }

    /// Answers without ordering. The client believes it when enough replicas name the same answer and the same version:
    /// the instance that last changed what was read. Where that is too hard to tell, `lastExecuted` is always right.
    public func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer {
        guard CounterRequest(payload: query) == .read else {
            return ReadAnswer(result: CounterAnswer.refused.payload, version: lastExecuted)
        }
        return ReadAnswer(result: CounterAnswer.total(state.total).payload, version: state.lastChange)
    }

    /// What was just restored is another group's counter: the instances of this group begin at 1 again.
    public mutating func beginAnew() { state.lastChange = .zero }

    public func snapshot() -> Snapshot { state }

    /// Equal states must give equal bytes: the replicas compare digests of them.
    public static func encode(_ snapshot: Snapshot) -> Bytes {
        bytes(of: snapshot.total) + bytes(of: Int64(bitPattern: snapshot.lastChange.rawValue))
    }

    public mutating func restore(from bytes: Bytes) throws {
        guard bytes.count == 16, let total = integer(from: bytes[..<8]), let lastChange = integer(from: bytes[8...])
        else { throw CounterError.notASnapshot }
        state = Snapshot(total: total, lastChange: Instance(UInt64(bitPattern: lastChange)))
    }
}

public enum CounterError: Error, Hashable, Sendable {
    /// The sum would not be a 64-bit number; nothing was added.
    case overflow
    /// The group answered with something that is no answer of a counter.
    case unexpectedAnswer
    /// The bytes are no snapshot of a counter.
    case notASnapshot
}

// MARK: - The client

/// The counter as its users see it. It needs a `RequestSubmitter`, which Martlet's client is; a test can give it a
/// machine in memory instead.
public struct CounterClient: Sendable {
    private let submitter: any RequestSubmitter

    public init(_ submitter: any RequestSubmitter) { self.submitter = submitter }

    /// Adds and returns the total. An error of the submitter may leave open whether it was added.
    @discardableResult
    public func add(_ amount: Int64) async throws -> Int64 {
        try total(in: await submitter.submit(CounterRequest.add(amount).payload))
    }

    public func read() async throws -> Int64 {
        try total(in: await submitter.read(CounterRequest.read.payload))
    }

    private func total(in payload: Bytes) throws -> Int64 {
        switch CounterAnswer(payload: payload) {
        case .total(let total): return total
        case .overflow: throw CounterError.overflow
        case .refused, nil: throw CounterError.unexpectedAnswer
        }
    }
}

// MARK: - Numbers as bytes

/// Eight bytes, the most significant first.
private func bytes(of value: Int64) -> Bytes {
    stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
}

private func integer(from bytes: Bytes.SubSequence) -> Int64? {
    bytes.count == 8 ? bytes.reduce(0) { $0 << 8 | Int64($1) } : nil
}
