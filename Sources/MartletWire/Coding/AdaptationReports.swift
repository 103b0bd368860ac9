// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension AdaptationReport: WireCodable {
    package static var encodedBytesMin: Int { 2 + 16 + 8 + 1 + 4 }
    package var encodedSizeHint: Int {
        // As many reports in a calculation as members, each of two numbers for each member.
        64
            + calculations.reduce(0) {
                $0 + 256 + 9 * $1.outcome.decided.count + $1.input.experience.encodedSizeHint
                    + $1.input.reports.count * (LatencyReport.encodedBytesMin + 1 + 8 * $1.input.reports.count)
            }
    }

    package func encode(into writer: inout Writer) {
        writer.write(replica)
        epoch.encode(into: &writer)
        writer.write(decided.rawValue)
        writer.writeOptionalNumber(observed)
        writer.writeList(calculations)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            replica: try reader.number(ReplicaID.self), epoch: try Epoch(from: &reader),
            decided: try reader.number(Instance.self), observed: try reader.optionalNumber(),
            calculations: try reader.list(of: CalculationRecord.self, Limits.calculations))
    }
}

extension CalculationRecord: WireCodable {
    package static var encodedBytesMin: Int {
        CalculationInput.encodedBytesMin + CalculationOutcome.encodedBytesMin + 2
    }

    package func encode(into writer: inout Writer) {
        input.encode(into: &writer)
        outcome.encode(into: &writer)
        writer.write(fate.rawValue)
        writer.writeOptionalNumber(observed)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            input: try CalculationInput(from: &reader), outcome: try CalculationOutcome(from: &reader),
            fate: try reader.enumeration(Fate.self, "calculation's fate"), observed: try reader.optionalNumber())
    }
}

extension CalculationOutcome: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + 1 + 4 + 4 + 4 + 4 + 1 }

    package func encode(into writer: inout Writer) {
        writer.write(view)
        writer.write(instance.rawValue)
        writer.write(reason.rawValue)
        writer.writeList(leaderOrder.map { ReplicaID(UInt16($0.position)) })
        writer.write(heavy)
        for prediction in [predictions.current, predictions.best, predictions.median, predictions.worst] {
            writer.writeOptionalNumber(prediction)
        }
        writer.writeCount(decided.count)
        for time in decided { writer.writeOptionalNumber(time) }
        writer.writeOptional(comparison)
    }

    /// Positions are below the largest group's size.
    package init(from reader: inout Reader) throws(WireError) {
        let view = try reader.positive(ViewNumber.self)
        let instance = try reader.positive(Instance.self)
        let reason = try reader.enumeration(Reason.self, "calculation's reason")
        var order: [ReplicaIndex] = []
        for number in try reader.list(of: ReplicaID.self, Limits.members) { order.append(try ReplicaIndex(of: number)) }
        let heavy = try reader.replicaSet()
        let predictions = Predictions(
            current: try reader.optionalNumber(), best: try reader.optionalNumber(),
            median: try reader.optionalNumber(), worst: try reader.optionalNumber())
        let count = try reader.count(Limits.members, elementBytesMin: 1)
        var decided: [UInt64?] = []
        decided.reserveCapacity(count)
        for _ in 0..<count { decided.append(try reader.optionalNumber()) }
        self.init(
            view: view, instance: instance, reason: reason, leaderOrder: order, heavy: heavy,
            predictions: predictions, decided: decided, comparison: try reader.optional(Comparison.self))
    }
}

extension CalculationOutcome.Comparison: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + 1 + 1 }

    package func encode(into writer: inout Writer) {
        writer.write(medianBefore)
        writer.write(medianAfter)
        writer.write(UInt8(members))
        writer.write(UInt8(worse))
    }

    /// Of the members some told both, and of those some became worse.
    package init(from reader: inout Reader) throws(WireError) {
        self.init(
            medianBefore: try reader.uint64(), medianAfter: try reader.uint64(), members: Int(try reader.uint8()),
            worse: Int(try reader.uint8()))
        guard members <= ReplicaSet.membersMax, worse <= members else {
            throw .valueOutOfRange(field: "compared members", value: UInt64(members))
        }
    }
}

extension ReplicaIndex {
    /// Positions are below the largest group's size.
    fileprivate init(of number: ReplicaID) throws(WireError) {
        guard number.rawValue < ReplicaSet.membersMax else {
            throw .valueOutOfRange(field: "position", value: UInt64(number.rawValue))
        }
        self.init(Int(number.rawValue))
    }
}

extension Writer {
    /// As positions, ascending.
    mutating func write(_ members: ReplicaSet) { writeList(members.map { ReplicaID(UInt16($0.position)) }) }
}

extension Reader {
    mutating func replicaSet() throws(WireError) -> ReplicaSet {
        var members = ReplicaSet()
        for number in try list(of: ReplicaID.self, Limits.members, ascendingBy: { $0 }) {
            members.insert(try ReplicaIndex(of: number))
        }
        return members
    }
}

extension Writer {
    fileprivate mutating func writeOptionalNumber(_ number: UInt64?) {
        write(number != nil)
        if let number { write(number) }
    }
}

extension Reader {
    fileprivate mutating func optionalNumber() throws(WireError) -> UInt64? { try bool() ? try uint64() : nil }
}
