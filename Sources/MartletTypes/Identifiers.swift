// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A number with a meaning of its own, so that two integers never stand side by side unlabelled.
///
/// What is done most often is `@inlinable`: other modules would else compare two numbers through a witness table.
public protocol DistinctNumber: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible
where RawValue: FixedWidthInteger & UnsignedInteger & Sendable {
    init(rawValue: RawValue)
}

extension DistinctNumber {
    /// The number after this one; the largest stays itself, so that a liar's number never traps.
    @inlinable
    package var next: Self { Self(rawValue: rawValue == .max ? .max : rawValue + 1) }
    @inlinable
    public init(_ rawValue: RawValue) { self.init(rawValue: rawValue) }
    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    public var description: String { String(rawValue) }
}

/// The name of a replica: a small integer, unique in the life of a group and never reused.
public struct ReplicaID: DistinctNumber {
    public let rawValue: UInt16
    @inlinable
    public init(rawValue: UInt16) { self.rawValue = rawValue }
}

/// The position of a member in its view's list, 0 ..< n. Only meaningful together with that view.
package struct ReplicaIndex: DistinctNumber {
    package let rawValue: UInt8
    @inlinable
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable
    package init(_ position: Int) { self.rawValue = UInt8(position) }
    @inlinable
    package var position: Int { Int(rawValue) }
}

/// The number of a view. The genesis view has number 1.
public struct ViewNumber: DistinctNumber {
    public let rawValue: UInt64
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static let genesis = ViewNumber(1)
}

/// The number of an administrators' operation in the life of a group: 1, 2, 3 and so on. 0 is "before the first".
package struct OperationNumber: DistinctNumber {
    package let rawValue: UInt64
    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static let none = OperationNumber(0)
}

/// The number of a leader's reign inside one view: 1, 2, 3 and so on. 0 is no regency; it means only "no lock"
/// (protocol §3: a lock of the first epoch must count as a lock).
public struct Regency: DistinctNumber {
    public let rawValue: UInt64
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static let none = Regency(0)
    public static let first = Regency(1)
}

/// View and regency, ordered lexicographically.
public struct Epoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let view: ViewNumber
    public let regency: Regency

    public init(view: ViewNumber, regency: Regency) {
        self.view = view
        self.regency = regency
    }

    public static func < (left: Epoch, right: Epoch) -> Bool {
        left.view != right.view ? left.view < right.view : left.regency < right.regency
    }

    public var description: String { "\(view).\(regency)" }
}

/// The number of a consensus instance: 1, 2, 3 and so on. 0 is "before the first".
public struct Instance: DistinctNumber {
    public let rawValue: UInt64
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static let zero = Instance(0)
    package static let max = Instance(.max)
    /// The instance before this one; 0 stays 0.
    package var previous: Instance { Instance(rawValue == 0 ? 0 : rawValue - 1) }
    /// Saturates at the largest number, so that a liar's huge instance never traps.
    package static func + (instance: Instance, count: Int) -> Instance {
        let (sum, overflow) = instance.rawValue.addingReportingOverflow(UInt64(count))
        return Instance(overflow ? .max : sum)
    }
    /// Saturates at 0.
    package static func - (instance: Instance, count: Int) -> Instance {
        instance.rawValue < UInt64(count) ? .zero : Instance(instance.rawValue - UInt64(count))
    }
    /// How far this instance lies beyond the other; 0 when it does not.
    package func distance(beyond other: Instance) -> Int {
        rawValue <= other.rawValue ? 0 : Int(clamping: rawValue - other.rawValue)
    }
}

/// The number of a request inside its session, chosen by the client: 1, 2, 3 and so on. For a request that opens a
/// session it is the client's own increasing number of openings.
public struct SequenceNumber: DistinctNumber {
    public let rawValue: UInt64
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// The name of a session: the instance and the place in its batch that opened it (protocol §4). No client chooses it.
public struct SessionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let instance: Instance
    public let place: UInt32

    public init(instance: Instance, place: UInt32) {
        self.instance = instance
        self.place = place
    }

    /// The session named by requests that open one.
    public static let none = SessionID(instance: .zero, place: 0)

    /// Of what members order for themselves; nothing ever opens it.
    package static let ofReplicas = SessionID(instance: .zero, place: 1)

    /// No instance is numbered so, and nothing ever opens this session: what members order to measure the leader is of it.
    package static let ofProbes = SessionID(instance: Instance(.max), place: 0)

    public static func < (left: SessionID, right: SessionID) -> Bool {
        left.instance != right.instance ? left.instance < right.instance : left.place < right.place
    }

    public var description: String { "\(instance).\(place)" }
}
