// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension Experience: WireCodable {
    package static var encodedBytesMin: Int { 4 + 1 + 4 + 1 + 8 }
    package var encodedSizeHint: Int {
        let members = former?.decided.count ?? 0
        return 64 + suspicions.count * 48 + members * 12 + rejected.count
            * (32 + 2 * (rejected.first?.heavy.count ?? 0))
    }

    package func encode(into writer: inout Writer) {
        writer.writeList(suspicions)
        writer.writeOptional(former)
        writer.writeList(rejected)
        writer.write(UInt8(setbacks))
        writer.write(changed.rawValue)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init()
        suspicions = try reader.list(of: Suspicion.self, Limits.members) { suspicion in suspicion.replica }
        former = try reader.optional(FormerAssignment.self)
        rejected = try reader.list(of: RejectedAssignment.self, Limits.rejectedAssignments)
        let count = try reader.uint8()
        guard count <= Experience.setbacksMax else { throw .valueOutOfRange(field: "setbacks", value: UInt64(count)) }
        setbacks = Int(count)
        changed = try reader.number(Instance.self)
    }
}

extension Suspicion: WireCodable {
    package static var encodedBytesMin: Int { 2 + 4 + 1 + 1 + 8 + 8 }

    package func encode(into writer: inout Writer) {
        writer.write(replica)
        writer.writeCount(accusations.count)
        for instance in accusations { writer.write(instance.rawValue) }
        writer.write(UInt8(accusers))
        writer.write(UInt8(times))
        writer.write(since.rawValue, until.rawValue)
    }

    /// As it can have come about: at least one accusation, in ascending order, by some of the others.
    package init(from reader: inout Reader) throws(WireError) {
        let replica = try reader.number(ReplicaID.self)
        let count = try reader.count(Limits.accusations, elementBytesMin: 8)
        var accusations: [Instance] = []
        for _ in 0..<count {
            let instance = try reader.positive(Instance.self)
            guard accusations.last.map({ $0 < instance }) ?? true else {
                throw .notCanonical("accusations out of order")
            }
            accusations.append(instance)
        }
        guard !accusations.isEmpty else { throw .notCanonical("a suspicion without an accusation") }
        let accusers = try reader.uint8()
        let times = try reader.uint8()
        guard accusers > 0, accusers < ReplicaSet.membersMax else {
            throw .valueOutOfRange(field: "accusers", value: UInt64(accusers))
        }
        guard times <= Suspicion.timesMax else { throw .valueOutOfRange(field: "times", value: UInt64(times)) }
        let since = try reader.number(Instance.self)
        let until = try reader.number(Instance.self)
        guard (times == 0) == (until == .zero), (times == 0) == (since == .zero) else {
            throw .notCanonical("suspect for no time, or never and yet")
        }
        self.init(
            replica: replica, accusations: accusations, accusers: Int(accusers), times: Int(times), since: since,
            until: until)
    }
}

extension FormerAssignment: WireCodable {
    package static var encodedBytesMin: Int { 2 + 4 + 8 + 4 + 1 }

    package func encode(into writer: inout Writer) {
        writer.write(leader)
        writer.writeList(heavy)
        writer.write(predicted)
        writer.writeList(decided)
        writer.write(UInt8(judged))
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            leader: try reader.number(ReplicaID.self),
            heavy: try reader.list(of: ReplicaID.self, Limits.members) { id in id },
            predicted: try reader.microseconds(),
            decided: try reader.list(of: MemberTime.self, Limits.members) { time in time.replica })
        let count = try reader.uint8()
        guard count <= Experience.trialCalculations else {
            throw .valueOutOfRange(field: "judged", value: UInt64(count))
        }
        judged = Int(count)
    }
}

extension FormerAssignment.MemberTime: WireCodable {
    package static var encodedBytesMin: Int { 2 + 8 }

    package func encode(into writer: inout Writer) {
        writer.write(replica)
        writer.write(microseconds)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(replica: try reader.number(ReplicaID.self), microseconds: try reader.microseconds())
    }
}

extension Reader {
    fileprivate mutating func microseconds() throws(WireError) -> UInt64 {
        let time = try uint64()
        guard time <= FormerAssignment.microsecondsMax else {
            throw .valueOutOfRange(field: "microseconds", value: time)
        }
        return time
    }
}

extension RejectedAssignment: WireCodable {
    package static var encodedBytesMin: Int { 2 + 4 + 8 }

    package func encode(into writer: inout Writer) {
        writer.write(leader)
        writer.writeList(heavy)
        writer.write(until.rawValue)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            leader: try reader.number(ReplicaID.self),
            heavy: try reader.list(of: ReplicaID.self, Limits.members) { id in id },
            until: try reader.positive(Instance.self))
    }
}
