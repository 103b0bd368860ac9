// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension AdaptationReport: WireCodable {
    package static var encodedBytesMin: Int { 2 + 16 + 8 + 1 + 4 }
    package var encodedSizeHint: Int {
        // As many reports in a calculation as members, each of two numbers for each member.
        64 + calculations.reduce(0) { $0 + 256 + $1.input.reports.count * (5 + 8 * $1.input.reports.count) }
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
            fate: try reader.enumeration(Fate.self), observed: try reader.optionalNumber())
    }
}

extension CalculationOutcome: WireCodable {
    package static var encodedBytesMin: Int { 8 + 8 + 1 + 4 + 4 + 4 }

    package func encode(into writer: inout Writer) {
        writer.write(view)
        writer.write(instance.rawValue)
        writer.write(reason.rawValue)
        writer.writeList(leaderOrder.map { ReplicaID(UInt16($0.position)) })
        writer.writeList(heavy.map { ReplicaID(UInt16($0.position)) })
        for prediction in [predictions.current, predictions.best, predictions.median, predictions.worst] {
            writer.writeOptionalNumber(prediction)
        }
    }

    /// Positions are below the largest group's size.
    package init(from reader: inout Reader) throws(WireError) {
        func index(_ number: ReplicaID) throws(WireError) -> ReplicaIndex {
            guard number.rawValue < ReplicaSet.membersMax else {
                throw .valueOutOfRange(field: "position", value: UInt64(number.rawValue))
            }
            return ReplicaIndex(Int(number.rawValue))
        }
        let view = try reader.positive(ViewNumber.self)
        let instance = try reader.positive(Instance.self)
        let reason = try reader.enumeration(Reason.self)
        var order: [ReplicaIndex] = []
        for number in try reader.list(of: ReplicaID.self, Limits.members) { order.append(try index(number)) }
        var heavy = ReplicaSet()
        for number in try reader.list(of: ReplicaID.self, Limits.members, ascendingBy: { $0 }) {
            heavy.insert(try index(number))
        }
        self.init(
            view: view, instance: instance, reason: reason, leaderOrder: order, heavy: heavy,
            predictions: Predictions(
                current: try reader.optionalNumber(), best: try reader.optionalNumber(),
                median: try reader.optionalNumber(), worst: try reader.optionalNumber()))
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
